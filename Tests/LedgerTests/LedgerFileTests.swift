import Core
import Foundation
import Ledger
import TestSupport
import Testing

/// The ledger on disk.
@Suite struct LedgerFileTests {
    @Test func whatIsRecordedComesBack() throws {
        try TestData.withTemporaryFolder { folder in
            let ledger = LedgerFile(path: folder + "/deep/er/ledger.sqlite")
            let entries = Entries.random(60, seed: 5)
            let recorded = try ledger.record(entries)
            #expect(recorded.map(\.entry) == entries && recorded.allSatisfy { $0.before == nil && $0.twin == nil })
            let contents = try ledger.contents()
            #expect(
                Set(contents.entries) == Set(entries) && contents.entries.map(\.date) == entries.map(\.date).sorted())
            #expect(contents.budget == Budget())
            #expect(try ledger.record(entries).allSatisfy { $0.before == $0.entry })
            let zone = try Budget.zone(named: "Asia/Seoul")
            try ledger.setBudget(perDay: 5, zone: nil)
            #expect(try ledger.setBudget(perDay: nil, zone: zone) == Budget(perDay: 5, zone: zone))
            #expect(try ledger.contents().budget == Budget(perDay: 5, zone: zone))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/deep/er") == ["ledger.sqlite"])
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func csvIsExactBothWays(seed: UInt64) throws {
        try TestData.withTemporaryFolder { folder in
            let ledgers = ["a", "b"].map { LedgerFile(path: folder + "/" + $0) }
            try ledgers[0].record(Entries.random(100, seed: seed))
            let entries = try ledgers[0].contents().entries
            let text = LedgerCSV.text(of: entries)
            #expect(try LedgerCSV.entries(in: text, path: "x") == entries, "seed \(seed)")
            try ledgers[1].record(LedgerCSV.entries(in: text, path: "x"))
            #expect(try LedgerCSV.text(of: ledgers[1].contents().entries) == text, "seed \(seed)")
        }
    }

    @Test func aRefusedRowLeavesAllAsItWas() throws {
        try TestData.withTemporaryFolder { folder in
            let ledger = LedgerFile(path: folder + "/l")
            try ledger.record([Entries.entry("a", board: 0.5), Entries.entry("b", local: 0.5)])
            let before = try ledger.contents()
            let new = Entries.entry("c", board: 0.7)
            let changed = try LedgerError.thrown { try ledger.record([new, Entries.entry("b", bytes: "other")]) }
            #expect(changed?.status == .badData && changed?.what.contains("has changed") == true)
            let forced = try LedgerError.thrown { try ledger.record([Entries.entry("b", bytes: "o")], force: true) }
            #expect(forced?.what == changed?.what)
            let other = try LedgerError.thrown { try ledger.record([new, Entries.entry("a", board: 0.6)]) }
            #expect(other?.found == "0.6" && other?.expected == "0.5")
            #expect(try ledger.contents() == before)
            try ledger.record([Entries.entry("a", board: 0.6)], force: true)
            #expect(try ledger.contents().entries.first { $0.path == "a" }?.publicScore == 0.6)
        }
    }

    @Test func anEntryBecomesASubmissionWithItsPublicScore() throws {
        try TestData.withTemporaryFolder { folder in
            let ledger = LedgerFile(path: folder + "/l")
            let path = folder + "/a.csv"
            try AtomicFile.write("filename,polygons\na.jpg,0 0 9 0 9 9 0 9|1 1 2 1 2 2\nb.jpg,\n", to: path)
            let file = try SubmittedFile(reading: path)
            #expect(file.images == 2 && file.boxes == 2 && file.sidecar == nil)
            let (first, later) = (Entries.start, Entries.start + 5000)
            try ledger.record([EntryUpdate(file: file, localScore: 0.9, note: "x")], now: first + 0.75)
            let done = try #require(try ledger.record([EntryUpdate(file: file, publicScore: 0.8)], now: later).first)
            #expect(done.before?.date == first && done.entry.date == later && done.entry.note == "x")
            let more = EntryUpdate(file: file, privateScore: 0.7, note: "")
            let last = try #require(try ledger.record([more], now: later + 99).first)
            #expect(last.entry.date == later && last.entry.note == nil && last.entry.publicScore == 0.8)
            #expect(last.entry.privateScore == 0.7 && last.entry.localScore == 0.9)
        }
    }

    @Test func theSidecarTellsWhatMadeTheFile() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/a.csv"
            try AtomicFile.write("filename,polygons\na.jpg,\n", to: path)
            let digest = try SubmittedFile(reading: path).sha256
            func read(_ sidecar: String) throws -> SubmittedFile {
                try AtomicFile.write(sidecar, to: path + ".json", overwrite: true)
                return try SubmittedFile(reading: path)
            }
            let whole = try read(
                """
                {"sha256": "\(digest)", "settings": {"thresh": 0.24},
                 "checkpoint": ["a.ckpt", "b.ckpt"], "local": 0.971, "more": 1}
                """
            ).sidecar
            #expect(whole?.settings == #"{"thresh": 0.24}"# && whole?.checkpoint == #"["a.ckpt", "b.ckpt"]"#)
            #expect(whole?.localScore == 0.971)
            #expect(try read(#"{"checkpoint": "a.ckpt"}"#).sidecar?.checkpoint == "a.ckpt")
            #expect(try read(#"{"checkpoint": null}"#).sidecar?.checkpoint == nil)
            for bad in [#"{"sha256": "00"}"#, "[]", #"{"settings": 3}"#, #"{"local": 1.5}"#, #"{"local": "x"}"#] {
                #expect(try LedgerError.thrown { try read(bad) }?.status == .badData, "\(bad)")
            }
            #expect(throws: FileError.self) { try read("{") }
        }
    }

    @Test func oneFileHasOnePath() {
        let folder = FileManager.default.currentDirectoryPath
        for name in ["a/b.csv", "./a/b.csv", "a/../a//b.csv", folder + "/a/b.csv", "a/./b.csv"] {
            #expect(SubmittedFile.standardPath(name) == "a/b.csv")
        }
        #expect(SubmittedFile.standardPath("/b.csv") == "/b.csv")
        #expect(SubmittedFile.standardPath(folder + "x/b.csv") == folder + "x/b.csv")
    }

    /// Bytes changed, and the file cut, anywhere: an error of the ledger or a ledger, never the process' end.
    @Test func damageIsToldOrHarmless() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/l"
            try LedgerFile(path: path).record(Entries.random(40, seed: 9))
            let whole = try MappedFile(path: path).withBytes { Array($0) }
            var generator = SeededGenerator(seed: 11)
            var refused = 0
            for round in 0..<300 {
                var bytes = whole
                if round % 4 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
                for _ in 0..<Int.random(in: 1...30, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
                try AtomicFile.write(bytes, to: path, overwrite: true)
                do {
                    _ = try LedgerCSV.text(of: LedgerFile(path: path).contents().entries)
                    try LedgerFile(path: path).record([Entries.entry("new", board: 0.5)])
                } catch let error as LedgerError {
                    refused += 1
                    #expect(error.diagnosis.status != .done && error.diagnosis.path == path, "round \(round)")
                }
                for suffix in ["-journal", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: path + suffix)
                }
            }
            #expect(refused > 20)
        }
    }
}
