import Core
import TestSupport
import Testing

/// `score --scale-wise` and `--strata` through the command line.
@Suite struct BreakdownTests {
    @Test func partsStandInTheJSON() throws {
        try Workplace.withPredictions { place in
            try place.write("filename,kind\nreceipt_7_001.jpg,new\nreceipt_7_000.jpg,old\n", to: "kinds.csv")
            let arguments = [
                "score", "--truth", "truth.json", "a.json", "a.csv", "--format", "json", "--bootstrap", "0",
            ]
            let json = try JSONValue(
                parsing: place.expectDone(
                    arguments + ["--scale-wise", "--images", "images", "--strata", "kinds.csv:kind"]
                ).stdout, path: "stdout")
            let plain = try JSONValue(parsing: place.expectDone(arguments).stdout, path: "stdout")
            let files = try #require(json.object?["files"]?.array).compactMap(\.object)
            #expect(files.count == 2)
            for (file, plain) in zip(files, try #require(plain.object?["files"]?.array)) {
                #expect(file["mean"] == plain.object?["mean"] && plain.object?["breakdowns"] == nil)
                let breakdowns = try #require(file["breakdowns"]?.array).compactMap(\.object)
                #expect(breakdowns.compactMap { $0["by"]?.string } == ["scale", "kind"])
                let parts = breakdowns.map { ($0["parts"]?.array ?? []).compactMap(\.object) }
                #expect(parts[0].count == 8 && parts[0].first?["name"] == "0.0 … 0.005")
                #expect(parts[1].compactMap { $0["name"]?.string } == ["new", "old"])
                #expect(parts[1].allSatisfy { $0["images"] == 1 && $0["mean"] != nil && $0["counts"] != nil })
            }
        }
    }

    @Test func tablesOfParts() throws {
        try Workplace.withPredictions { place in
            let score = ["score", "--truth", "truth.json", "a.json", "--bootstrap", "0", "--strata", "boxes"]
            let table = try place.expectDone(score).stdout
            #expect(table.contains("truth boxes") && table.contains("all"))
            let rows = try place.expectDone(score + ["--format", "csv"]).stdout.split(separator: "\n")
            #expect(rows[0] == "file,boxes,images,truth boxes,H,P,R,pooled H,pooled P,pooled R")
            #expect(rows.count == 4 && rows[1].hasPrefix("a.json,all,2,"))
        }
    }

    @Test func refusals() throws {
        try Workplace.with { place in
            let score = ["score", "--truth", "truth.json", "truth.json"]
            try place.expectRefusal(score + ["--scale-wise", "--metric", "iou"], .usage, "--scale-wise")
            try place.expectRefusal(score + ["--images", "images"], .usage, "--images")
            try place.expectRefusal(score + ["--metric", "iou", "--area-recall", "0.5"], .usage, "--area-recall")
            try place.expectRefusal(score + ["--one-to-many", "0.5"], .usage, "--one-to-many")
            try place.expectRefusal(
                score + ["--metric", "deteval", "--area-recall", "0"], .usage, "areaRecallConstraint")
            try place.expectRefusal(score + ["--strata", "width"], .usage, "--strata")
            try place.expectRefusal(score + ["--strata", "t.csv:x"], .noInput, "t.csv")
            try place.expectRefusal(
                score + ["--strata", "boxes", "--scale-wise", "--format", "csv"], .usage, "one table")
            try place.write("filename,kind\nother.jpg,new\n", to: "kinds.csv")
            try place.expectRefusal(score + ["--strata", "kinds.csv:kind"], .badData, "kinds.csv", "other.jpg")
            try place.write("{\"images\": {\"a.jpg\": {\"words\": {}}}}", to: "bare.json")
            try place.expectRefusal(
                ["score", "--truth", "bare.json", "bare.json", "--strata", "size"], .badData, "a.jpg", "--images")
        }
    }
}
