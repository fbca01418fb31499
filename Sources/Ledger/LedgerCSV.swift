import Core
import Foundation

/// The ledger's entries as CSV (RFC 4180, UTF-8, LF), exact both ways.
///
/// An empty field is a value that is not known; dates are in UTC; scores have the digits that read back equal.
public enum LedgerCSV {
    /// The columns, in file order.
    public static let columns = [
        "path", "sha256", "images", "boxes", "date", "public", "private", "local", "note", "settings", "checkpoint",
    ]

    /// `entries` in their order, with a header and a line feed at the end.
    public static func text(of entries: [LedgerEntry]) -> String {
        let rows = entries.map { entry in
            [
                entry.path, entry.sha256, "\(entry.images)", "\(entry.boxes)", LedgerDate.text(entry.date),
                score(entry.publicScore), score(entry.privateScore), score(entry.localScore), entry.note ?? "",
                entry.settings ?? "", entry.checkpoint ?? "",
            ]
        }
        return ([columns] + rows).map { $0.map(field).joined(separator: ",") + "\n" }.joined()
    }

    /// Reads what `text(of:)` wrote.
    ///
    /// - Parameter path: names the text in errors.
    /// - Throws: `LedgerError` (65) with the line of the first problem.
    public static func entries(in text: String, path: String) throws -> [LedgerEntry] {
        var records = try CSVRecords.read(text, path: path)[...]
        guard let header = records.popFirst(), header.fields == columns else {
            throw LedgerError.badData(
                "the header is not a ledger's", path: path, place: "1",
                found: records.isEmpty && text.isEmpty ? "an empty file" : text.prefix { $0 != "\n" }.debugDescription,
                expected: columns.joined(separator: ","), nextStep: "take a file that submit ledger export made")
        }
        var lines: [String: Int] = [:]
        return try records.map { record in
            let entry = try LedgerCSVRow(record, path: path).entry()
            if let line = lines.updateValue(record.line, forKey: entry.path) {
                throw LedgerError.badData(
                    "a second row for one file", path: path, place: "\(record.line)",
                    found: "\(entry.path.debugDescription), which line \(line) has already", expected: "one row a file")
            }
            return entry
        }
    }

    /// Reads the file at `path`; see `entries(in:path:)`.
    ///
    /// - Throws: `FileError` (66) where it cannot be read; `LedgerError` (65).
    public static func read(path: String) throws -> [LedgerEntry] {
        let text = try MappedFile(path: path).withBytes { String(validating: $0, as: UTF8.self) }
        guard let text else {
            throw LedgerError.badData("the file is not UTF-8", path: path, expected: "a CSV of submit ledger export")
        }
        return try entries(in: text, path: path)
    }

    private static func score(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

    private static func field(_ text: String) -> String {
        text.utf8.contains { ",\"\n\r".utf8.contains($0) }
            ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
}

/// One row of the ledger's CSV, checked field by field.
private struct LedgerCSVRow {
    private let values: [String: String]
    private let line: Int
    private let path: String

    init(_ record: CSVRecords.Record, path: String) throws {
        line = record.line
        self.path = path
        guard record.fields.count == LedgerCSV.columns.count else {
            throw LedgerError.badData(
                "a row with \(record.fields.count) fields", path: path, place: "\(record.line)",
                expected: "\(LedgerCSV.columns.count) fields")
        }
        values = Dictionary(uniqueKeysWithValues: zip(LedgerCSV.columns, record.fields))
    }

    func entry() throws -> LedgerEntry {
        let digest = try value("sha256", "64 hexadecimal digits") { text in
            text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } ? text : nil
        }
        return LedgerEntry(
            path: try value("path", "a file's name") { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }, sha256: digest,
            images: try count("images"), boxes: try count("boxes"),
            date: try value("date", "a time such as 2026-03-01T09:30:00Z") { LedgerDate.parse($0, in: .gmt) },
            publicScore: try score("public"), privateScore: try score("private"), localScore: try score("local"),
            note: try text("note"), settings: try settings(), checkpoint: try text("checkpoint"))
    }

    private func value<Value>(_ column: String, _ expected: String, _ read: (String) -> Value?) throws -> Value {
        let text = values[column] ?? ""
        guard let value = read(text) else {
            throw LedgerError.badData(
                "bad \(column)", path: path, place: "\(line)", found: text.debugDescription, expected: expected)
        }
        return value
    }

    private func count(_ column: String) throws -> Int {
        try value(column, "a whole number from 0") { Int($0).flatMap { $0 >= 0 ? $0 : nil } }
    }

    private func score(_ column: String) throws -> Double? {
        try optional(column, "a score from 0 to 1, or nothing") { text in
            // Double(_:) also reads hexadecimal, "inf" and "nan".
            guard text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }) else { return nil }
            return Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
        }
    }

    private func text(_ column: String) throws -> String? {
        try optional(column, "text without a zero byte") { $0.utf8.contains(0) ? nil : $0 }
    }

    private func settings() throws -> String? {
        try optional("settings", "a JSON object, or nothing") { text in
            (try? JSONValue(parsing: text, path: path))?.object == nil ? nil : text
        }
    }

    private func optional<Value>(_ column: String, _ expected: String, _ read: (String) -> Value?) throws -> Value? {
        (values[column] ?? "").isEmpty ? nil : try value(column, expected, read)
    }
}
