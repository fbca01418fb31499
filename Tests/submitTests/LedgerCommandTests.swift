import Core
import Foundation
import TestSupport
import Testing

/// `ledger` through the command line.
@Suite struct LedgerCommandTests {
    /// A folder without anything in it.
    private static func withFolder(_ body: (Workplace) throws -> Void) throws {
        try TestData.withTemporaryFolder { try body(Workplace(folder: $0)) }
    }

    private static func csv(_ number: Int) -> String {
        "filename,polygons\na.jpg,0 0 9 0 9 9 0 \(number)\nb.jpg,0 0 5 0 5 5|1 1 2 1 2 2\n"
    }

    @discardableResult
    private static func add(_ place: Workplace, _ name: String, _ number: Int, _ options: String...) throws
        -> SubmitProcess
    {
        try place.write(csv(number), to: name)
        return try place.expectDone(["ledger", "add", name] + options)
    }

    private static func entries(_ place: Workplace) throws -> [JSONObject] {
        let json = try place.expectDone(["ledger", "list", "--format", "json"]).stdout
        let document = try JSONValue(parsing: json, path: "stdout")
        #expect(document.object?["schema"] == 1)
        return try #require(document.object?["entries"]?.array).compactMap(\.object)
    }

    @Test func aDayWithTheLedger() throws {
        try Self.withFolder { place in
            try place.write(#"{"settings": {"thresh": 0.24}, "checkpoint": "fold0.ckpt"}"#, to: "a.csv.json")
            let first = try Self.add(place, "a.csv", 1, "--public", ".9653", "--local", ".9710", "--date", "2026-03-01")
            #expect(first.stdout == "" && first.stderr.contains("a.csv: recorded, 2 images, 3 boxes"))
            let day = ["--date", "2026-03-01T18:00:00Z"]
            try Self.add(place, "b.csv", 2, "--public", ".9581", "--local", ".9640", "--date", "2026-03-01T20:00")
            try Self.add(place, "c.csv", 3, "--public", ".9600", "--local", ".9702", "--date", "2026-03-02")
            try place.expectDone(["ledger", "add", "./a.csv", "--private", ".9601", "--note", "five, folds"])

            let entry = try #require(Self.entries(place).first)
            #expect(entry["path"] == "a.csv" && entry["public"] == 0.9653 && entry["private"] == 0.9601)
            #expect(entry["sha256"] == .string(SHA256.hexDigest(of: Self.csv(1))) && entry["boxes"] == 3)
            #expect(entry["settings"] == ["thresh": 0.24] && entry["checkpoint"] == "fold0.ckpt")
            #expect(entry["note"] == "five, folds" && entry["date"] == "2026-03-01T00:00:00Z")

            let left = try place.expectDone(["ledger", "left", "--per-day", "3", "--format", "csv"] + day).stdout
            #expect(left.hasSuffix("\n1,2,3,UTC,2026-03-02T00:00:00Z,6:00 h\n"))
            let seoul = try place.expectDone(["ledger", "left", "--time-zone", "Asia/Seoul"] + day).stdout
            #expect(seoul.contains("Asia/Seoul  2026-03-03T00:00:00+09:00  21:00 h"))
            let kept = try place.expectDone(["ledger", "left", "--format", "json"] + day).stdout
            #expect(kept.contains(#""per_day": 3"#) && kept.contains(#""time_zone": "Asia/Seoul""#))

            let fit = try JSONValue(
                parsing: place.expectDone(["ledger", "fit", "--format", "json"]).stdout, path: "stdout")
            #expect(fit.object?["entries"] == 3 && fit.object?["schema"] == 1)
            let select = try place.expectDone(["ledger", "select", "--final", "2", "--format", "csv"])
            let lines = select.stdout.split(separator: "\n")
            #expect(lines.count == 3 && lines[1].hasPrefix("1,a.csv,0.9653,0.971,\"public rank 1, 0.005300 above"))
            #expect(lines[2].hasPrefix("2,c.csv,0.96,0.9702,\"local rank 2, "))

            try place.expectDone(["ledger", "export", "e.csv"])
            try place.expectDone(["ledger", "import", "e.csv", "--ledger", "other/l.sqlite"])
            try place.expectDone(["ledger", "export", "again.csv", "--ledger", "other/l.sqlite"])
            #expect(try place.text("again.csv") == place.text("e.csv"))
            #expect(try place.expectDone(["ledger", "list", "--format", "csv"]).stdout == place.text("e.csv"))
            let table = try place.expectDone(["ledger", "list"]).stdout
            #expect(table.contains("fold0.ckpt  five, folds"))
        }
    }

    @Test func whatContradictsTheLedgerIsRefused() throws {
        try Self.withFolder { place in
            try Self.add(place, "a.csv", 1, "--public", ".5", "--local", ".6")
            try place.expectDone(["ledger", "export", "e.csv"])
            try place.expectRefusal(["ledger", "add", "a.csv", "--public", ".6"], .badData, "0.6", "0.5", "--force")
            try place.write(Self.csv(2), to: "a.csv")
            for more in [["--public", ".5"], ["--private", ".5"], ["--public", ".6", "--force"]] {
                try place.expectRefusal(["ledger", "add", "a.csv"] + more, .badData, "a.csv: the file has changed")
            }
            try place.write(Self.csv(1), to: "a.csv")
            try place.expectDone(["ledger", "add", "a.csv", "--public", ".6", "--force"])
            try place.expectRefusal(["ledger", "import", "e.csv"], .badData, "another public score")
            try place.expectRefusal(["ledger", "export", "a.csv"], .cannotCreate, "--force")
            try place.expectRefusal(["ledger", "fit"], .badData, "too few entries", "1 with")
            let twin = try Self.add(place, "b.csv", 1)
            #expect(twin.stderr.contains("b.csv has the very bytes of a.csv"))
        }
    }

    @Test func badInputIsToldAndChangesNothing() throws {
        try Self.withFolder { place in
            let add = ["ledger", "add", "a.csv", "--public", ".5", "--ledger"]
            try place.expectRefusal(add + ["new/l.sqlite"], .noInput, "a.csv")
            try place.write("filename,polygons\na.jpg,1 2 3\n", to: "a.csv")
            try place.expectRefusal(add + ["new/l.sqlite"], .badData, "a.csv:2:7")
            try place.write(Self.csv(1), to: "a.csv")
            try place.write("{", to: "a.csv.json")
            try place.expectRefusal(add + ["new/l.sqlite"], .badData, "a.csv.json:1:2")
            try FileManager.default.removeItem(atPath: place.path("a.csv.json"))
            try place.expectRefusal(add + ["a.csv"], .badData, "no ledger")
            try place.expectRefusal(add + ["a.csv/l.sqlite"], .cannotCreate, "a.csv: cannot create the folder")
            try place.expectRefusal(add + ["/proc/l.sqlite"], .cannotCreate, "/proc/l.sqlite: cannot open the ledger")
            try place.expectRefusal(["ledger", "left", "--time-zone", "Mars"], .usage, "Mars")
            for verb in [["list"], ["left"], ["fit"], ["select"], ["export", "e.csv"]] {
                try place.expectRefusal(["ledger"] + verb, .noInput, "submissions/ledger.sqlite: there is no ledger")
            }
            try place.expectDone(add + ["l.sqlite"])
            try place.write(Array(place.bytes("l.sqlite").prefix(5000)), to: "l.sqlite")
            for verb in [["list"], ["left", "--per-day", "3"], ["fit"], ["select"], ["export", "e.csv"]] {
                try place.expectRefusal(
                    ["ledger"] + verb + ["--ledger", "l.sqlite"], .badData, "l.sqlite: ", "damaged")
            }
            try place.expectRefusal(add + ["l.sqlite"], .badData, "damaged")
            try place.expectDone(["ledger", "left", "--time-zone", "Pacific/Apia", "--ledger", "apia"])
            try place.expectRefusal(add + ["apia", "--date", "2011-12-30"], .usage, "2011-12-30 in Pacific/Apia")
            try place.expectRefusal(["ledger", "import", "e.csv", "--ledger", "n"], .noInput, "e.csv")
            try place.expectRefusal(["ledger", "import", "a.csv", "--ledger", "n"], .badData, "a.csv:1: the header")
        }
    }

    /// Two loops of processes at once, from a ledger that neither finds at its start: each adds 50 files of its own and
    /// writes its own part of one entry.
    @Test func twoProcessesAtOnceLoseNothing() throws {
        try Self.withFolder { place in
            try place.write(Self.csv(0), to: "both.csv")
            for number in 0..<100 { try place.write(Self.csv(number + 1), to: "\(number).csv") }
            let refused = LockedMessages()
            DispatchQueue.concurrentPerform(iterations: 2) { side in
                for number in 0..<50 {
                    let own = ["\(side * 50 + number).csv", "--public", "\(Double(number) / 64)"]
                    let both = ["both.csv", side == 0 ? "--private" : "--local", "\(Double(number) / 64)"]
                    for arguments in number % 10 == 9 ? [own, both] : [own] {
                        let process = try? place.run(["ledger", "add"] + arguments)
                        if process?.status != 0 { refused.append(process?.stderr ?? "no process") }
                    }
                }
            }
            #expect(refused.messages == [])
            let entries = try Self.entries(place)
            #expect(entries.count == 101)
            for number in 0..<100 {
                let entry = entries.first { $0["path"] == .string("\(number).csv") }
                #expect(entry?["public"] == .number(Double(number % 50) / 64), "\(number)")
            }
            let both = entries.first { $0["path"] == "both.csv" }
            #expect(both?["private"] == .number(49.0 / 64) && both?["local"] == .number(49.0 / 64))
        }
    }
}

/// Messages from several threads; the lock guards every access.
private final class LockedMessages: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [String] = []

    var messages: [String] { lock.withLock { all } }

    func append(_ message: String) { lock.withLock { all.append(message) } }
}
