import Core
import Testing

@Suite struct DiagnosisTests {
    @Test func printsEveryPart() {
        let diagnosis = Diagnosis(
            .badData, "the score is no number", path: "p.json", place: "3:14", found: "\"a\"", expected: "a number",
            nextStep: "correct it")
        #expect(
            diagnosis.text == """
                p.json:3:14: the score is no number
                  found:    "a"
                  expected: a number
                  try:      correct it
                """)
        #expect(FileError(diagnosis).description == diagnosis.text)
    }

    @Test func leavesOutWhatIsMissing() {
        #expect(Diagnosis(.failure, "no images").text == "no images")
        #expect(Diagnosis(.failure, "no images", path: "a").text == "a: no images")
        #expect(Diagnosis(.failure, "no images", place: "key").text == "key: no images")
        #expect(Diagnosis(.failure, "no images", expected: "one").text == "no images\n  expected: one")
    }

    @Test func hasTheNumbersOfSysexits() {
        let statuses: [Core.ExitStatus] = [
            .done, .failure, .usage, .badData, .noInput, .cannotCreate, .configuration, .interrupted,
        ]
        #expect(statuses.map(\.rawValue) == [0, 1, 64, 65, 66, 73, 78, 130])
    }
}

@Suite struct NearestNameTests {
    @Test(
        arguments: [
            ("box_tresh", "box_thresh"), ("thres", "thresh"), ("unclip", nil), ("maxcandidates", "max_candidates"),
            ("", nil), ("zzzzzzzzz", nil),
        ] as [(String, String?)])
    func findsTheNearest(name: String, expected: String?) {
        #expect(NearestName.find(name, among: ["thresh", "box_thresh", "max_candidates", "use_polygon"]) == expected)
        #expect(NearestName.find(name, among: []) == nil)
    }

    @Test func prefersTheFirstOfEquals() {
        #expect(NearestName.find("ab", among: ["ac", "ad"]) == "ac")
        #expect(NearestName.hint(for: "ab", among: ["ac", "ad"]) == "did you mean ac?")
    }
}

@Suite struct SeededGeneratorTests {
    /// The published sequence of SplitMix64 for this seed (Rosetta Code, "Pseudo-random numbers/Splitmix64").
    @Test func givesThePublishedNumbers() {
        var generator = SeededGenerator(seed: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func unitFloatsAreBelowOne() {
        var generator = SeededGenerator(seed: 3)
        let values = (0..<10_000).map { _ in generator.nextUnitFloat() }
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(values.reduce(0, +) / 10_000 - 0.5) < 0.02)
    }
}
