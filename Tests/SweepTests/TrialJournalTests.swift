import Core
import Dataset
import Foundation
import Maps
import Metrics
import Sweep
import Synchronization
import TestSupport
import Testing

/// Maps that count how often they are read.
final class CountedMaps: MapSource {
    let maps: MemoryMaps
    private let reads = Mutex(0)

    init(_ maps: MemoryMaps) { self.maps = maps }

    var label: String { maps.label }
    var imageNames: [String] { maps.imageNames }
    var count: Int { reads.withLock { $0 } }

    func fingerprint() throws -> String { try maps.fingerprint() }

    func read(_ name: String) throws -> ImageMap {
        reads.withLock { $0 += 1 }
        return try maps.read(name)
    }
}

@Suite("Trial journal")
struct TrialJournalTests {
    static let yaml = "parameters: {thresh: {values: [0.25, 0.35]}, box_thresh: {values: [0.3, 0.5, 0.55]}}"

    static func run(
        _ random: RandomSweep, _ path: String, maps: (any MapSource)? = nil, truth: AnnotationSet? = nil,
        yaml: String = yaml, metric: MetricKind = .clevalLeaderboard, replaces: Bool = false
    ) async throws -> SweepResult {
        try await SweepRun(
            SweepConfiguration(yaml: yaml, path: "sweep.yaml"), maps: maps ?? random.maps,
            truth: truth ?? random.truth, options: ScoringOptions(metric: metric), onlyCommonImages: true
        ).run(journal: path, replacesJournal: replaces, width: 2)
    }

    @Test("a finished sweep started again reads no map and gives the same", arguments: MetricKind.allCases)
    func resume(metric: MetricKind) async throws {
        let random = RandomSweep(seed: 21)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/deep/trials.jsonl"
            let plain = try await Self.run(random, path, metric: metric)
            #expect(plain.resumedImages == 0)
            let maps = CountedMaps(random.maps)
            let again = try await Self.run(random, path, maps: maps, metric: metric)
            #expect(again.ranked.elementsEqual(plain.ranked))
            #expect(again.notes == plain.notes)
            #expect(again.resumedImages == 4)
            #expect(maps.count == 0)
        }
    }

    @Test("cut anywhere, it goes on from the last whole line and ends complete")
    func torn() async throws {
        let random = RandomSweep(seed: 22)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            let plain = try await Self.run(random, path)
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            let lines = Set(whole.split(separator: UInt8(ascii: "\n")))
            for length in Array(stride(from: 0, through: whole.count, by: 331)) + [whole.count - 1] {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path))
                let maps = CountedMaps(random.maps)
                let again = try await Self.run(random, path, maps: maps)
                let kept = max(0, whole.prefix(length).count { $0 == UInt8(ascii: "\n") } - 1)
                #expect(again.ranked.elementsEqual(plain.ranked))
                #expect(again.resumedImages == kept && maps.count == 4 - kept)
                let after = try Data(contentsOf: URL(fileURLWithPath: path))
                #expect(Set(after.split(separator: UInt8(ascii: "\n"))) == lines, "cut at \(length)")
            }
            // A last line of rubbish, as a power failure leaves, is dropped as well.
            try (whole + Data(repeating: 0, count: 64) + Data("\n".utf8)).write(to: URL(fileURLWithPath: path))
            #expect(try await Self.run(random, path).resumedImages == 4)
        }
    }

    @Test("a journal of another sweep is refused, naming what differs, and stays as it is")
    func otherSweep() async throws {
        let random = RandomSweep(seed: 23)
        let other = RandomSweep(seed: 24)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            _ = try await Self.run(random, path)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            var fewer = random.maps
            fewer.maps.removeLast()
            func expectRefusal(_ what: String, _ body: () async throws -> SweepResult) async throws {
                let error = await #expect(throws: SweepError.self) { _ = try await body() }
                #expect(error?.diagnosis.found == "other \(what)")
                #expect(error?.diagnosis.status == .badData)
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
            }
            try await expectRefusal("maps") { try await Self.run(random, path, maps: other.maps) }
            try await expectRefusal("truth") { try await Self.run(random, path, truth: other.truth) }
            try await expectRefusal("metric") { try await Self.run(random, path, metric: .icdarIoU) }
            try await expectRefusal("points") {
                try await Self.run(random, path, yaml: Self.yaml.replacing("0.55", with: "0.56"))
            }
            try await expectRefusal("maps, images") { try await Self.run(random, path, maps: fewer) }
            let anew = try await Self.run(random, path, truth: other.truth, replaces: true)
            #expect(anew.resumedImages == 0)
            #expect(try await Self.run(random, path, truth: other.truth).resumedImages == anew.imageCount)
        }
    }

    @Test(
        "a file that is no journal is refused and stays as it is",
        arguments: ["rank,trial\n1,1\n", "{\"images\": {}}\n", "no line end", "\n", "[1]\n{}\n"])
    func foreign(text: String) async throws {
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let error = await #expect(throws: SweepError.self) {
                _ = try await Self.run(RandomSweep(images: 1, seed: 25), path)
            }
            #expect(error?.diagnosis.what == "not a trial journal")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            for resumed in [0, 1] {
                let result = try await Self.run(RandomSweep(images: 1, seed: 25), path, replaces: true)
                #expect(result.resumedImages == resumed)
            }
        }
    }

    @Test(
        "a broken line before the last is an error with its number",
        arguments: ["{\"image\": ", "{\"image\": \"image_0.jpg\"}", "null"])
    func brokenLine(text: String) async throws {
        let random = RandomSweep(seed: 26)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            _ = try await Self.run(random, path)
            var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
            lines[2] = text
            try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            let error = await #expect(throws: SweepError.self) { _ = try await Self.run(random, path) }
            #expect(error?.diagnosis.what == "broken trial journal")
            #expect(error?.diagnosis.place == "3:1")
        }
    }

    @Test("numbers that cannot be are refused")
    func lies() async throws {
        let random = RandomSweep(images: 1, seed: 27)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            _ = try await Self.run(random, path)
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
            let choices = try #require(lines[1].range(of: "\"choices\": "))
            for lie in ["[6, 99]}", "[7, 0]}", "[5, 0]}", "[6, -1]}", "[-6, 0]}", "[9223372036854775807, 0]}", "[6]}"] {
                let line = lines[1][..<choices.upperBound] + lie
                try "\(lines[0])\n\(line)\n\(lines[1])\n".write(toFile: path, atomically: true, encoding: .utf8)
                let error = await #expect(throws: SweepError.self) { _ = try await Self.run(random, path) }
                #expect(error?.diagnosis.place == "2:1", "\(lie)")
            }
        }
    }

    @Test("images that failed are tried again; broken maps keep no journal")
    func failures() async throws {
        var random = RandomSweep(seed: 28)
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            random.maps.broken = ["image_2.jpg"]
            let failed = try await Self.run(random, path)
            #expect(failed.ranked.isEmpty && !FileManager.default.fileExists(atPath: path))
            #expect(failed.notes.contains("no trial journal is kept while a map is broken"))
            random.maps.broken = []
            #expect(try await Self.run(random, path).failed.isEmpty)
            // The same fingerprint, but a map that is gone when it is read.
            try FileManager.default.removeItem(atPath: path)
            let gone = FailingMaps(maps: random.maps, missing: "image_2.jpg")
            #expect(try await Self.run(random, path, maps: gone).failed.count == 6)
            let repaired = try await Self.run(random, path)
            #expect(repaired.failed.isEmpty && repaired.resumedImages == 3)
        }
    }

    @Test("two sweeps do not write one journal")
    func locked() async throws {
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/trials.jsonl"
            let descriptor = open(path, O_RDWR | O_CREAT, 0o644)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX) == 0)
            let error = await #expect(throws: SweepError.self) {
                _ = try await Self.run(RandomSweep(images: 1, seed: 29), path)
            }
            #expect(error?.diagnosis.what == "another process is writing this trial journal")
        }
    }

    @Test("a journal that cannot be made is said")
    func unwritable() async throws {
        let error = await #expect(throws: FileError.self) {
            _ = try await Self.run(RandomSweep(images: 1, seed: 30), "/proc/none/trials.jsonl")
        }
        #expect(error?.diagnosis.status == .cannotCreate)
    }
}

/// Maps of which one is gone.
private struct FailingMaps: MapSource {
    let maps: MemoryMaps
    let missing: String

    var label: String { maps.label }
    var imageNames: [String] { maps.imageNames }

    func fingerprint() throws -> String { try maps.fingerprint() }

    func read(_ name: String) throws -> ImageMap {
        guard name != missing else { throw MemoryMaps.Broken() }
        return try maps.read(name)
    }
}
