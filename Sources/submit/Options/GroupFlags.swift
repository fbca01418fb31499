import ArgumentParser
import Core
import Dataset
import Foundation
import Imaging

/// Which images folds must not part, for commands that deal images to folds.
struct GroupFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "near-duplicates (needs --images), or a CSV with a row an image: its name, its group.", valueName: "what"))
    var groups: String?

    @Option(name: .long, help: ArgumentHelp("Folder of the images, for near-duplicates.", valueName: "folder"))
    var images: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Bits of 256 in which near-duplicates differ at most.", valueName: "n"))
    var distance = 24

    private static let nearDuplicates = "near-duplicates"

    func validate() throws {
        if !(0...256).contains(distance) { throw ValidationError("--distance must be from 0 to 256, not \(distance)") }
        if (groups == Self.nearDuplicates) != (images != nil) {
            throw ValidationError("--groups near-duplicates and --images go together")
        }
    }

    /// Deals the images of `truth` to `count` folds, with as many boxes a fold as can be where `stratified`.
    ///
    /// - Parameter path: the truth's, for messages.
    /// - Returns: the folds, and the groups that were kept together.
    /// - Throws: `CommandError` (65) where there are more folds than groups.
    func split(
        _ truth: AnnotationSet, path: String, count: Int, seed: Int, stratified: Bool, common: CommonFlags
    ) async throws -> (split: FoldSplit, groups: [[String]]) {
        let groups = try await groups(of: truth, common: common)
        let grouped = groups.reduce(0) { $0 + $1.count }
        let units = truth.images.count - grouped + groups.count
        guard count <= units else {
            throw CommandError(
                Diagnosis(
                    .badData, "more folds than groups of images", path: path, found: "\(units) groups",
                    expected: "\(count) or more", nextStep: "ask for fewer folds with --k"))
        }
        let split = FoldSplit(
            truth.images.map { (name: $0.name, measure: stratified ? Double($0.words.count) : 0) },
            groups: groups, count: count, seed: UInt64(seed))
        return (split, groups)
    }

    private func groups(of truth: AnnotationSet, common: CommonFlags) async throws -> [[String]] {
        guard let groups else { return [] }
        let names = truth.images.map(\.name)
        guard groups == Self.nearDuplicates, let images else {
            return try Self.groups(fromCSV: groups, names: Set(names))
        }
        var progress = Progress("images", total: names.count, quiet: common.quiet)
        defer { progress.finish() }
        let hashes = try await parallelMap(names, width: common.width, completed: { progress.update($0) }) { _, name in
            PerceptualHash(try ImageFile.decode(path: (images as NSString).appendingPathComponent(name)))
        }
        return PerceptualHash.groups(hashes, limit: distance).map { $0.map { names[$0] } }
    }

    /// Rows of an image's name and its group, with or without a header.
    private static func groups(fromCSV path: String, names: Set<String>) throws -> [[String]] {
        let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
        var members: [String: [String]] = [:]
        for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
            guard let comma = line.lastIndex(of: ",") else {
                throw CommandError(
                    Diagnosis(
                        .badData, "not a row of an image and its group", path: path, place: "\(number + 1):1",
                        found: String(line.prefix(60)), expected: "name.jpg,group"))
            }
            let name = String(line[..<comma]).trimmingCharacters(in: CharacterSet(charactersIn: "\" "))
            guard names.contains(name) else {
                // A header names no image.
                if number == 0 { continue }
                throw CommandError(
                    Diagnosis(
                        .badData, "an image that the truth does not name", path: path, place: "\(number + 1):1",
                        found: name))
            }
            members[String(line[line.index(after: comma)...]), default: []].append(name)
        }
        return members.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    }
}
