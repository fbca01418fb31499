import Core
import TestSupport
import Testing

/// Folds through the command line, on the samples.
@Suite struct FoldsTests {
    private static let truth = TestData.repository("samples/truth.json")
    private static let images = TestData.repository("samples/images")

    private static func names(_ place: Workplace, _ path: String) throws -> [String] {
        try #require(JSONValue(contentsOf: place.path(path)).object?["images"]?.object).keys
    }

    @Test func everyImageIsHeldOutOnce() throws {
        try Workplace.with { place in
            let folds = ["folds", "--truth", Self.truth, "--k", "4", "--output", "out"]
            let table = try place.expectDone(folds).stdout
            #expect(table.split(separator: "\n").count == 6)
            let all = try (0..<4).map { try Self.names(place, "out/fold\($0).json") }
            let truth = try #require(JSONValue(contentsOf: Self.truth).object?["images"]?.object)
            #expect(all.joined().sorted() == truth.keys.sorted() && all.allSatisfy { $0.count == 3 })
            let before = try place.tree("out")
            try place.expectDone(folds)
            #expect(try place.tree("out") == before)
            try place.expectRefusal(folds + ["--seed", "1"], .cannotCreate, "out/fold", "--force")
        }
    }

    @Test func groupsStayTogether() throws {
        try Workplace.with { place in
            let names = try #require(JSONValue(contentsOf: Self.truth).object?["images"]?.object).keys
            let rows = names.prefix(8).enumerated().map { "\($1),store\($0 / 4)\n" }
            try place.write("image,store\n" + rows.joined(), to: "groups.csv")
            let folds = ["folds", "--truth", Self.truth, "--k", "3", "--output", "out", "--groups"]
            let process = try place.expectDone(folds + ["groups.csv"])
            #expect(process.stderr.contains("2 groups of 8 images stay together"))
            for group in [names[0..<4], names[4..<8]] {
                let holding = try (0..<3).count { fold in
                    let held = try Self.names(place, "out/fold\(fold).json")
                    return group.contains(where: held.contains)
                }
                #expect(holding == 1)
            }
            try place.expectDone(folds.dropLast(2) + ["near", "--groups", "near-duplicates", "--images", Self.images])
            try place.write("image,store\nother.jpg,1\n", to: "groups.csv")
            try place.expectRefusal(folds + ["groups.csv"], .badData, "groups.csv:2:1", "other.jpg")
            try place.expectRefusal(folds + ["near-duplicates"], .usage, "--images")
            try place.expectRefusal(folds.dropLast() + ["--k", "13"], .badData, "more folds than groups")
        }
    }
}
