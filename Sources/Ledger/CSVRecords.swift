import Core

/// CSV as fields (RFC 4180): LF or CRLF between records, quotes doubled inside quotes; a byte order mark and blank
/// lines are passed over.
enum CSVRecords {
    struct Record: Sendable, Equatable {
        /// The line that it begins in, from 1.
        let line: Int
        let fields: [String]
    }

    private static let quote = UInt8(ascii: "\"")

    /// The records of `text`; `path` names it in errors.
    ///
    /// - Throws: `LedgerError` (65) at quotes that do not close, or with text behind them.
    static func read(_ text: String, path: String) throws -> [Record] {
        var bytes = Array(text.utf8)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var records: [Record] = []
        var line = 1
        while !bytes.isEmpty {
            if passBreak(&bytes) {
                line += 1
                continue
            }
            let start = line
            var fields: [String] = []
            repeat {
                fields.append(try field(&bytes, line: &line, path: path))
            } while passComma(&bytes)
            records.append(Record(line: start, fields: fields))
            if passBreak(&bytes) { line += 1 }
        }
        return records
    }

    private static func field(_ bytes: inout ArraySlice<UInt8>, line: inout Int, path: String) throws -> String {
        var value: [UInt8] = []
        guard bytes.first == quote else {
            while let byte = bytes.first, byte != UInt8(ascii: ","), !isBreak(bytes) {
                value.append(byte)
                bytes.removeFirst()
            }
            return String(decoding: value, as: UTF8.self)
        }
        let start = line
        bytes.removeFirst()
        while let byte = bytes.popFirst() {
            if byte == 0x0A { line += 1 }
            if byte != quote {
                value.append(byte)
            } else if bytes.first == quote {
                value.append(quote)
                bytes.removeFirst()
            } else if let next = bytes.first, next != UInt8(ascii: ","), !isBreak(bytes) {
                throw LedgerError.badData(
                    "text behind closing quotes", path: path, place: "\(line)", expected: "',' or the end of the line")
            } else {
                return String(decoding: value, as: UTF8.self)
            }
        }
        throw LedgerError.badData(
            "the quotes do not close", path: path, place: "\(start)", found: "the end of the file",
            expected: "a closing '\"'")
    }

    private static func isBreak(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.first == 0x0A || bytes.starts(with: [0x0D, 0x0A])
    }

    private static func passBreak(_ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard isBreak(bytes) else { return false }
        bytes.removeFirst(bytes.first == 0x0A ? 1 : 2)
        return true
    }

    private static func passComma(_ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: ",") else { return false }
        bytes.removeFirst()
        return true
    }
}
