import Core
import Foundation
import Ledger

/// Entries for tests.
enum Entries {
    static let start = Date(timeIntervalSince1970: 1_772_357_400)

    /// An entry of its own bytes.
    static func entry(
        _ name: String, board: Double? = nil, local: Double? = nil, bytes: String? = nil, hours: Double = 0
    ) -> LedgerEntry {
        LedgerEntry(
            path: name, sha256: SHA256.hexDigest(of: bytes ?? name), images: 3, boxes: 7,
            date: start + hours * 3600, publicScore: board, localScore: local)
    }

    /// Entries with anything that a field can hold.
    static func random(_ count: Int, seed: UInt64) -> [LedgerEntry] {
        var generator = SeededGenerator(seed: seed)
        let texts = [
            "plain", "comma, \"quotes\" and 'more'", "two\nlines", "carriage\r\nreturn\r", " spaces ", "한글 ✓", "\"",
            ",",
            "\u{FEFF}mark", "=1+1",
        ]
        func score() -> Double? {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: nil
            case 1: [0, 1, 0.1 + 0.2, 2.3e-308, 1e-7].randomElement(using: &generator)
            default: Double.random(in: 0...1, using: &generator)
            }
        }
        func text() -> String? { Bool.random(using: &generator) ? texts.randomElement(using: &generator) : nil }
        return (0..<count).map { number in
            LedgerEntry(
                path: "\(number)" + (text() ?? ""), sha256: SHA256.hexDigest(of: "\(seed) \(number)"),
                images: Int.random(in: 0..<1000, using: &generator),
                boxes: Int.random(in: 0..<100_000, using: &generator),
                date: start + Double(Int.random(in: 0..<50, using: &generator)) * 86_400, publicScore: score(),
                privateScore: score(), localScore: score(), note: text(),
                settings: Bool.random(using: &generator) ? #"{"thresh": 0.24, "name": "a, \"b\""}"# : nil,
                checkpoint: text())
        }
    }
}

extension LedgerError {
    /// The error that `body` throws; nil where it throws none.
    static func thrown(by body: () throws -> some Any) throws -> Diagnosis? {
        do {
            _ = try body()
            return nil
        } catch let error as LedgerError {
            return error.diagnosis
        }
    }
}
