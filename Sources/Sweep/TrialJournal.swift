import Core
import Foundation
import Metrics
import Synchronization

/// What a sweep has finished, on disk: append-only JSON lines, so that a killed sweep goes on where it was.
///
/// All points of a sweep are worked out together, an image at a time, because that is what they share; so the unit that
/// survives is the image with its part in every point, and a kill loses at most the images in work. The first line
/// says what the numbers depend on (maps, truth, metric, points); a journal of anything else is refused, not mixed. A
/// line goes out in one write, so killing the process loses no line; the disk is synced at the latest every quarter of a
/// second, which bounds what a power failure takes. A broken last line is dropped. Images with failed points are not
/// kept: they are tried again.
final class TrialJournal: Sendable {
    /// What the numbers depend on, by name.
    typealias Header = [(name: String, value: String)]

    private static let schema = 4
    private static let secondsBetweenSyncs = 0.25

    private let path: String
    /// The images read back.
    let finished: [String: ImageOutcome]
    private let file: Mutex<OpenFile>

    private struct OpenFile: ~Copyable {
        let descriptor: Int32
        var lastSync = ContinuousClock.now
        var isSynced = true

        deinit { close(descriptor) }
    }

    /// Opens the journal at `path`, creating it (and its folder) where there is none.
    ///
    /// - Parameters:
    ///   - choiceCount: how many choices the sweep has.
    ///   - replacesOthers: whether a file that this sweep cannot go on from is started anew, rather than refused.
    /// - Throws: `SweepError` (65) where the journal is of another sweep, naming what differs, or is none; `FileError`
    ///   (73) where it cannot be written; `SweepError` (1) where another process is writing it.
    init(at path: String, header: Header, choiceCount: Int, replacesOthers: Bool) throws {
        self.path = path
        try AtomicFile.createFolder(at: (path as NSString).deletingLastPathComponent)
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileError.system(.cannotCreate, "cannot open the trial journal", path: path)
        }
        var opened = OpenFile(descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw SweepError(
                Diagnosis(
                    .failure, "another process is writing this trial journal", path: path,
                    nextStep: "wait for it, or name another output folder"))
        }
        var contents = JournalContents()
        do {
            contents = try JournalContents(path: path, header: header, schema: Self.schema, choiceCount: choiceCount)
        } catch is SweepError where replacesOthers {}
        finished = contents.finished
        guard ftruncate(descriptor, off_t(contents.validBytes)) == 0 else {
            throw FileError.system(.cannotCreate, "cannot write the trial journal", path: path)
        }
        if contents.validBytes == 0 {
            try Self.append(JournalContents.headerLine(header, schema: Self.schema), to: &opened, path: path)
        }
        file = Mutex(opened)
    }

    /// Adds one image; safe from any task.
    func append(_ image: String, _ outcome: ImageOutcome) throws {
        let line = outcome.journalLine(image)
        try file.withLock { try Self.append(line, to: &$0, path: path) }
    }

    /// Brings everything to the disk.
    func sync() throws {
        try file.withLock { try Self.sync(&$0, path: path) }
    }

    private static func append(_ line: String, to file: inout OpenFile, path: String) throws {
        let bytes = Array((line + "\n").utf8)
        try bytes.withUnsafeBytes { try AtomicFile.writeAll($0, to: file.descriptor, path: path) }
        file.isSynced = false
        if file.lastSync.duration(to: .now) > .seconds(secondsBetweenSyncs) { try sync(&file, path: path) }
    }

    private static func sync(_ file: inout OpenFile, path: String) throws {
        guard !file.isSynced else { return }
        guard fdatasync(file.descriptor) == 0 else {
            throw FileError.system(.cannotCreate, "cannot sync the trial journal", path: path)
        }
        file.lastSync = .now
        file.isSynced = true
    }
}

/// What a journal holds when it is opened.
private struct JournalContents {
    private(set) var finished: [String: ImageOutcome] = [:]
    /// Up to the end of the last whole line; 0 where not even the header is whole.
    private(set) var validBytes = 0

    init() {}

    init(path: String, header: TrialJournal.Header, schema: Int, choiceCount: Int) throws {
        let file = try MappedFile(path: path)
        var number = 0
        while let end = file.bytes[validBytes...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            do {
                let line = try JSONValue(
                    parsing: UnsafeRawBufferPointer(rebasing: file.bytes[validBytes..<end]), path: path)
                if number == 1 {
                    try Self.check(line, header, schema, path)
                } else {
                    guard let (image, outcome) = ImageOutcome.fromJournal(line, choiceCount) else {
                        throw Self.broken(path, number)
                    }
                    finished[image] = outcome
                }
            } catch let error as FileError {
                if end + 1 == file.bytes.count && number > 1 { return }
                throw number == 1 ? Self.noJournal(path) : Self.broken(path, number, error.diagnosis.what)
            }
            validBytes = end + 1
        }
        // A first line that was cut short is the start of this header or nothing of ours.
        if number == 0, !Self.headerLine(header, schema: schema).utf8.starts(with: file.bytes) {
            throw Self.noJournal(path)
        }
    }

    static func headerLine(_ header: TrialJournal.Header, schema: Int) -> String {
        var object: JSONObject = ["journal": "sweep", "schema": .int(schema)]
        for (name, value) in header { object[name] = .string(value) }
        return JSONValue.object(object).text()
    }

    private static func check(_ line: JSONValue, _ header: TrialJournal.Header, _ schema: Int, _ path: String) throws {
        guard let object = line.object, object["journal"] == "sweep" else { throw noJournal(path) }
        var differences: [String] = []
        if object["schema"]?.int != schema { differences.append("schema") }
        differences += header.filter { object[$0.name]?.string != $0.value }.map(\.name)
        guard differences.isEmpty else {
            throw SweepError.badData(
                "the trial journal is of another sweep", path: path,
                found: "other \(differences.joined(separator: ", "))", expected: "the sweep that it was started with",
                nextStep: "name another output folder, or pass --force to start anew")
        }
    }

    private static func noJournal(_ path: String) -> SweepError {
        .badData(
            "not a trial journal", path: path, nextStep: "name another output folder, or pass --force to replace it")
    }

    private static func broken(_ path: String, _ line: Int, _ found: String? = nil) -> SweepError {
        .badData(
            "broken trial journal", path: path, place: "\(line):1", found: found, expected: "an image's scores",
            nextStep: "pass --force to start anew")
    }
}

extension ImageOutcome {
    /// One line: scores as flat lists of numbers, the choices' places in runs of equals.
    func journalLine(_ image: String) -> String {
        var runs: [JSONValue] = []
        var run = (length: 0, place: 0)
        for choice in 0..<Int32(places.count) {
            let place = Int(places[choice])
            if place != run.place, run.length > 0 {
                runs += [.int(run.length), .int(run.place)]
                run.length = 0
            }
            run = (run.length + 1, place)
        }
        if run.length > 0 { runs += [.int(run.length), .int(run.place)] }
        let object: JSONObject = [
            "image": .string(image), "contours": .int(contours),
            "scores": .array(scores.map { .array($0.journalNumbers.map(JSONValue.number)) }), "choices": .array(runs),
        ]
        return JSONValue.object(object).text()
    }

    /// The inverse of `journalLine`; nil where the line is no image's with these choices.
    static func fromJournal(_ line: JSONValue, _ choiceCount: Int) -> (image: String, outcome: ImageOutcome)? {
        guard let object = line.object, let image = object["image"]?.string, let contours = object["contours"]?.int,
            let scores = object["scores"]?.array?.compactMap({ Score(journalNumbers: $0) }),
            let runs = object["choices"]?.array?.compactMap(\.int), runs.count % 2 == 0
        else { return nil }
        var places: [Int32] = []
        for run in stride(from: 0, to: runs.count, by: 2) {
            guard runs[run] > 0, runs[run] <= choiceCount - places.count, scores.indices.contains(runs[run + 1])
            else { return nil }
            places.append(contentsOf: repeatElement(Int32(runs[run + 1]), count: runs[run]))
        }
        guard places.count == choiceCount else { return nil }
        return (image, ImageOutcome(scores: scores, places: PlaceRuns(places), contours: contours))
    }
}

extension ImageOutcome.Score {
    fileprivate var journalNumbers: [Double] {
        [
            rates.recall, rates.precision, rates.hmean, Double(boxes), Double(counts.truth), Double(counts.detected),
            Double(counts.truePositives), Double(counts.falsePositives), counts.recallPenalty, counts.precisionPenalty,
        ]
    }

    fileprivate init?(journalNumbers value: JSONValue) {
        guard let numbers = value.array?.compactMap(\.number), numbers.count == 10 else { return nil }
        let whole = numbers[3..<8].compactMap { Int32(exactly: $0).map(Int.init) }
        guard whole.count == 5 else { return nil }
        var counts = ImageScore.Counts()
        (counts.truth, counts.detected, counts.truePositives, counts.falsePositives) = (
            whole[1], whole[2], whole[3], whole[4]
        )
        (counts.recallPenalty, counts.precisionPenalty) = (numbers[8], numbers[9])
        self.init(
            rates: Rates(recall: numbers[0], precision: numbers[1], hmean: numbers[2]), counts: counts, boxes: whole[0])
    }
}
