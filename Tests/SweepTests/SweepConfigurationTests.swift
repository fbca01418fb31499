import Core
import PostProc
import Sweep
import TestSupport
import Testing

@Suite("Sweep configuration")
struct SweepConfigurationTests {
    static func read(_ yaml: String) throws -> SweepConfiguration {
        try SweepConfiguration(yaml: yaml, path: "sweep.yaml")
    }

    /// The values of one parameter over the points.
    static func values(_ parameter: Parameter, _ configuration: SweepConfiguration) throws -> [JSONValue] {
        try configuration.points().map { $0[parameter] }
    }

    @Test("smart9.yaml has the nine points")
    func smart9() throws {
        let points = try SweepConfiguration(contentsOf: TestData.repository("configs/sweeps/smart9.yaml")).points()
        let expected = [
            (0.24, 0.25), (0.26, 0.25), (0.28, 0.25), (0.24, 0.28), (0.24, 0.30), (0.26, 0.28), (0.25, 0.27),
            (0.23, 0.26), (0.27, 0.26),
        ]
        #expect(points.map(\.options.thresh) == expected.map(\.0))
        #expect(points.map(\.options.boxThresh) == expected.map(\.1))
        #expect(points.allSatisfy { $0.options.maxCandidates == 600 && !$0.options.usePolygon })
    }

    @Test("grid75.yaml has 75 points, the last parameter turning fastest")
    func grid75() throws {
        let configuration = try SweepConfiguration(contentsOf: TestData.repository("configs/sweeps/grid75.yaml"))
        let points = try configuration.points()
        #expect(configuration.pointCount == 75)
        var position = 0
        for thresh in [0.20, 0.22, 0.24, 0.26, 0.28] {
            for boxThresh in [0.22, 0.25, 0.28, 0.30, 0.32] {
                for maxCandidates in [500, 600, 700] {
                    let options = points[position].options
                    #expect(options.thresh == thresh && options.boxThresh == boxThresh)
                    #expect(options.maxCandidates == maxCandidates)
                    position += 1
                }
            }
        }
        #expect(position == points.count)
        #expect(configuration.space.sweptParameters == [.thresh, .boxThresh, .maxCandidates])
    }

    @Test("a W&B sweep with Hydra's names and its other keys is read")
    func weightsAndBiases() throws {
        let configuration = try Self.read(
            """
            program: runners/test.py
            name: thresholds
            method: grid
            metric: {name: val/recall, goal: maximize, target: 0.99}
            run_cap: 3
            early_terminate: {type: hyperband}
            command: ["${env}", python, "${program}", "${args_no_hyphens}"]
            parameters:
              models.head.postprocess.thresh: {values: [0.2, 0.3]}
              models: {parameters: {head: {parameters: {postprocess: {parameters: {box_thresh: {value: 0.4}}}}}}}
              postprocess.max_candidates: {min: 500, max: 700, distribution: q_uniform, q: 100}
              polygon_unclip_ratio: {value: 1.75}
              use_polygon: {values: [true, false]}
            """)
        #expect(configuration.ignoredKeys == ["program", "name", "early_terminate", "command"])
        #expect(configuration.target == .recall)
        #expect(configuration.space.gridCount == 12)
        #expect(configuration.pointCount == 3)
        #expect(try Self.values(.maxCandidates, configuration) == [500, 500, 600])
        #expect(try Self.values(.usePolygon, configuration) == [true, false, true])
        #expect(try Self.values(.unclipRatio, configuration) == [1.75, 1.5, 1.75])
        #expect(try Self.values(.boxThresh, configuration) == [0.4, 0.4, 0.4])
    }

    @Test("ranges: whole numbers, multiples of q without rounding noise")
    func ranges() throws {
        let whole = try Self.read("parameters: {max_candidates: {min: 3, max: 6}}")
        #expect(try Self.values(.maxCandidates, whole) == [3, 4, 5, 6])
        let steps = try Self.read("parameters: {thresh: {min: 0.1, max: 0.7, q: 0.1}}")
        #expect(try Self.values(.thresh, steps) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
        let uneven = try Self.read("parameters: {thresh: {min: 0.22, max: 0.31, distribution: q_uniform, q: 0.05}}")
        #expect(try Self.values(.thresh, uneven) == [0.25, 0.3])
        // The second multiple lies beyond the range by less than an eye sees.
        let beyond = try Self.read("parameters: {thresh: {min: 0, max: 1, q: 0.50000000001}}")
        #expect(try Self.values(.thresh, beyond) == [0, 0.50000000001])
    }

    @Test("random draws lie in their ranges and are the same for the same seed")
    func random() throws {
        let yaml = """
            method: random
            run_cap: 200
            seed: 7
            parameters:
              thresh: {min: 0.2, max: 0.3}
              box_thresh: {min: 0.0, max: 1.0}
              min_size: {min: 0, max: 1}
              box_unclip_ratio: {min: 1, max: 3, distribution: log_uniform_values}
              max_candidates: {values: [500, 600]}
            """
        let points = try Self.read(yaml).points()
        #expect(points.count == 200)
        #expect(points.allSatisfy { (0.2...0.3).contains($0.options.thresh) && (1...3).contains($0.boxUnclipRatio) })
        #expect(Set(points.map(\.options.maxCandidates)) == [500, 600])
        // Without a point in them the ends are whole numbers, as in W&B.
        #expect(Set(points.map(\.options.boxThresh)).count > 190)
        #expect(Set(points.map(\.options.minSize)) == [0, 1])
        // The logarithm is uniform: half of the draws lie below the geometric mean of the ends.
        #expect((75...125).contains(points.count { $0.boxUnclipRatio < 3.0.squareRoot() }))
        #expect(try Self.read(yaml).points() == points)
        #expect(try Self.read(yaml.replacing("seed: 7", with: "seed: 8")).points() != points)
    }

    @Test("repeated points are tried once, and the base fills what is not named")
    func repeated() throws {
        var base = Setting()
        base[.thresh] = 0.23
        let points = try Self.read("parameters: {box_thresh: {values: [0.3, 0.4, 0.3]}}").points(base: base)
        #expect(points.map(\.options.boxThresh) == [0.3, 0.4])
        #expect(points.allSatisfy { $0.options.thresh == 0.23 })
        base.options.boxThresh = .nan
        #expect(throws: SweepError.self) { try Self.read("parameters: {thresh: {value: 0.3}}").points(base: base) }
    }

    @Test("the points of a grid are the product of its axes, repeated values and rows left out, up to the cap")
    func product() throws {
        let yaml = """
            points: {columns: [thresh, min_size], rows: [[0.3, 3], [0.2, 4], [0.3, 3.0], [0.3, 4]]}
            parameters:
              max_candidates: {values: [500, 100, 500]}
              box_thresh: {min: 0.1, max: 0.3, q: 0.1, distribution: q_uniform}
            """
        var expected: [[Double]] = []
        for (thresh, minSize) in [(0.3, 3.0), (0.2, 4), (0.3, 4)] {
            for maxCandidates in [500.0, 100] {
                for boxThresh in [0.1, 0.2, 0.3] { expected.append([thresh, minSize, maxCandidates, boxThresh]) }
            }
        }
        func points(_ yaml: String) throws -> [[Double]] {
            try Self.read(yaml).points().map { point in
                [.thresh, .minSize, .maxCandidates, .boxThresh].compactMap { point[$0].number }
            }
        }
        #expect(try points(yaml) == expected)
        #expect(try points("run_cap: 7\n" + yaml) == Array(expected.prefix(7)))
    }

    @Test("a space beyond counting is counted without being made, and refused")
    func huge() throws {
        let axes = (0..<6).map { _ in "{min: 0, max: 1, q: 0.0000001}" }
        let names = ["thresh", "box_thresh", "min_size"]
        let yaml = zip(names, axes).map { "  \($0): \($1)" }.joined(separator: "\n")
        let configuration = try Self.read("parameters:\n\(yaml)")
        #expect(configuration.pointCount == .max)
        #expect(throws: SweepError.self) { try configuration.points() }
        #expect(try Self.read("run_cap: 9\nparameters:\n\(yaml)").points().count == 9)
    }

    /// YAML, the place of the complaint, a word of it.
    static let bad: [(String, String, String)] = [
        ("method: grid\nparameters:\n  tresh: {value: 0.2}", "3:3", "did you mean thresh?"),
        ("method: grid\nparametres:\n  thresh: {value: 0.2}", "2:1", "did you mean parameters?"),
        ("parameters:\n  thresh:\n    valeus: [0.2]", "3:5", "did you mean values?"),
        ("parameters:\n  models.head.postproces.thresh: {value: 0.2}", "2:3", "models.head.postprocess.thresh?"),
        ("parameters:\n  thresh: {values: [0.2, 1.2]}", "2:26", "\"1.2\""),
        ("parameters:\n  thresh: {values: [0.2, nan]}", "2:26", "\"nan\""),
        ("parameters:\n  thresh: {value: .nan}", "2:19", "\".nan\""),
        ("parameters:\n  thresh: {value: \"0.2\"}", "2:19", "cannot be \"0.2\""),
        ("parameters:\n  thresh: {value: [0.2]}", "2:19", "a list"),
        ("parameters:\n  thresh: {values: 0.2}", "2:20", "no list"),
        ("parameters:\n  thresh: {values: []}", "2:20", "no point"),
        ("parameters:\n  thresh: {}", "2:11", "no value"),
        ("parameters:\n  thresh: {min: 0.3}", "2:11", "no value"),
        ("parameters:\n  thresh: {min: 0.3, max: 0.2}", "2:17", "min above its max"),
        ("parameters:\n  thresh: {min: 0.21, max: 0.24, q: 0.05}", "2:11", "no multiple of q"),
        ("parameters:\n  thresh: {min: 0.1, max: 0.2, q: 0}", "2:11", "q cannot be"),
        ("parameters:\n  thresh: {min: 0.1, max: 0.2, value: 0.1}", "2:11", "values and a range"),
        ("parameters:\n  thresh: {min: 0.1, max: 0.2, distribution: beta}", "2:46", "distribution beta"),
        ("parameters:\n  max_candidates: {value: 1.5}", "2:27", "whole number"),
        ("parameters:\n  max_candidates: {value: -1}", "2:27", "whole number"),
        ("parameters:\n  use_polygon: {value: 1}", "2:24", "true or false"),
        ("parameters:\n  box_unclip_ratio: {value: 0}", "2:29", "above 0"),
        ("parameters:\n  thresh: 0.2", "2:11", "no mapping"),
        ("method: bayes\nparameters: {thresh: {value: 0.2}}", "1:9", "grid or random"),
        ("metric: {name: loss}\nparameters: {thresh: {value: 0.2}}", "1:16", "hmean"),
        ("metric: {goal: minimize}\nparameters: {thresh: {value: 0.2}}", "1:16", "maximize"),
        ("run_cap: 0\nparameters: {thresh: {value: 0.2}}", "1:10", "from 1"),
        ("points: {columns: [thresh, box_thresh], rows: [[0.2, 0.3], [0.2]]}", "1:60", "1 values"),
        ("points: {columns: [thresh, box], rows: []}", "1:28", "unknown key box"),
        ("points: {columns: [thresh], rows: []}", "1:35", "no point"),
        ("points: {rows: [[1]]}", "1:9", "columns and rows"),
        ("parameters:\n  thresh: {value: 0.2\n  box_thresh: 3", "3:13", "broken YAML"),
    ]

    @Test("bad files are refused with line and column", arguments: bad)
    func complaints(yaml: String, place: String, word: String) {
        let error = #expect(throws: SweepError.self) { try Self.read(yaml) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("sweep.yaml:\(place): "), "\(text)")
        #expect(text.contains(word), "\(text)")
        #expect(error?.diagnosis.status == .configuration)
    }

    @Test(
        "what only the whole file shows",
        arguments: [
            ("", "not a sweep"), ("- a", "not a sweep"), ("method: grid", "no point"), ("parameters: {}", "no point"),
            ("parameters: {thresh: {value: 0.2}, postprocess.thresh: {value: 0.3}}", "named twice"),
            ("parameters: {thresh: {min: 0.1, max: 0.25}}", "q_uniform"),
            ("method: random\nparameters: {thresh: {min: 0.1, max: 0.2}}", "run_cap"),
            ("method: grid\nmethod: random", "twice"),
        ])
    func wholes(yaml: String, word: String) {
        let error = #expect(throws: SweepError.self) { try Self.read(yaml) }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test("a missing file is no input")
    func missing() {
        let error = #expect(throws: FileError.self) { try SweepConfiguration(contentsOf: "/nonexistent/sweep.yaml") }
        #expect(error?.diagnosis.status == .noInput)
    }
}
