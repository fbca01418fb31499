import Geometry

/// Splits the bytes of a CSV into records, fields, polygons and numbers; remembers where everything stands.
struct CSVScanner {
    /// One field's bytes; a quoted one may hold doubled quotes.
    struct Field {
        var range: Range<Int>
        var isQuoted = false
        var hasDoubledQuotes = false
    }

    /// One line's fields.
    struct Record {
        var start: Int
        var fields: [Field] = []
        var problems: [CSVRows.Problem] = []
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var lineStarts: [Int]
    private(set) var hasCRLF = false
    let hasByteOrderMark: Bool

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        offset = hasByteOrderMark ? 3 : 0
        lineStarts = [offset]
    }

    /// Line and column of a byte, from 1; columns count characters.
    func place(_ offset: Int) -> (line: Int, column: Int) {
        let line = lineNumber(of: offset)
        let column = bytes[lineStarts[line - 1]..<offset].reduce(into: 1) { if $1 & 0xC0 != 0x80 { $0 += 1 } }
        return (line, column)
    }

    /// The line of a byte that has been passed, from 1.
    func lineNumber(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// A field's text without its quotes.
    func text(_ field: Field) -> String {
        let raw = String(decoding: bytes[field.range], as: UTF8.self)
        return field.hasDoubledQuotes
            ? raw.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"") : raw
    }

    /// The next line that is not blank; nil at the end.
    mutating func record() -> Record? {
        while offset < bytes.count {
            if let length = lineBreak(at: offset) { passLineBreak(length) } else { break }
        }
        guard offset < bytes.count else { return nil }
        var record = Record(start: offset)
        while true {
            record.fields.append(field(&record))
            guard offset < bytes.count else { return record }
            if let length = lineBreak(at: offset) {
                passLineBreak(length)
                return record
            }
            offset += 1
        }
    }

    /// One field; stops at the comma, line break or end behind it.
    private mutating func field(_ record: inout Record) -> Field {
        let start = offset
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
            while offset < bytes.count, bytes[offset] != UInt8(ascii: ","), lineBreak(at: offset) == nil { offset += 1 }
            return Field(range: start..<offset)
        }
        offset += 1
        var field = Field(range: offset..<offset, isQuoted: true)
        while true {
            guard offset < bytes.count else {
                field.range = start + 1..<offset
                record.problems.append(
                    problem(
                        .badQuoting, at: start, "the quotes do not close", found: "the end of the file",
                        expected: "a closing '\"'"))
                return field
            }
            if bytes[offset] == UInt8(ascii: "\"") {
                if offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\"") {
                    field.hasDoubledQuotes = true
                    offset += 2
                    continue
                }
                break
            }
            if bytes[offset] == 0x0A { lineStarts.append(offset + 1) }
            offset += 1
        }
        field.range = start + 1..<offset
        offset += 1
        let behind = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ","), lineBreak(at: offset) == nil { offset += 1 }
        if offset > behind {
            record.problems.append(
                problem(
                    .badQuoting, at: behind, "text behind the closing quotes", found: excerpt(behind..<offset),
                    expected: "',' or the end of the line"))
        }
        return field
    }

    /// The length of the line break at `position`, nil where there is none. A CR alone is none.
    private func lineBreak(at position: Int) -> Int? {
        if bytes[position] == 0x0A { return 1 }
        if bytes[position] == 0x0D {
            if position + 1 == bytes.count { return 1 }
            if bytes[position + 1] == 0x0A { return 2 }
        }
        return nil
    }

    private mutating func passLineBreak(_ length: Int) {
        if length == 2 { hasCRLF = true }
        offset += length
        lineStarts.append(offset)
    }

    // MARK: Rows

    /// The row that `record` makes.
    func row(_ record: Record) -> CSVRows.Row {
        var row = CSVRows.Row(line: lineNumber(of: record.start), name: text(record.fields[0]))
        row.isQuoted = record.fields.contains(where: \.isQuoted)
        row.problems = record.problems
        if row.name.isEmpty {
            row.problems.append(
                problem(.badRow, at: record.start, "no file name", found: "an empty field", expected: "a file name"))
        }
        guard record.fields.count == 2 else {
            row.problems.append(
                problem(
                    .badRow, at: record.start, "a row with \(record.fields.count) fields",
                    found: excerpt(record.start..<(record.fields.last?.range.upperBound ?? record.start)),
                    expected: "2 fields, filename and polygons"))
            return row
        }
        polygons(record.fields[1].range, into: &row)
        return row
    }

    private func polygons(_ range: Range<Int>, into row: inout CSVRows.Row) {
        if range.allSatisfy({ isSpace(bytes[$0]) }) { return }
        var start = range.lowerBound
        var index = 0
        var values: [Double] = []
        while true {
            let end = bytes[start..<range.upperBound].firstIndex(of: UInt8(ascii: "|")) ?? range.upperBound
            var notAnInteger: CSVRows.Problem?
            if let found = polygon(start..<end, index: index, values: &values, notAnInteger: &notAnInteger) {
                row.problems.append(found)
            } else {
                let points = stride(from: 0, to: values.count, by: 2).map { Point(values[$0], values[$0 + 1]) }
                row.polygons.append(
                    CSVRows.ReadPolygon(index: index, polygon: Polygon(points), notAnInteger: notAnInteger))
            }
            index += 1
            guard end < range.upperBound else { break }
            start = end + 1
        }
        row.polygonCount = index
        if index == 1, values.count == 8, row.polygons.count == 1, values.allSatisfy({ $0 == 0 }) {
            row.isPlaceholder = true
            row.polygons = []
            row.polygonCount = 0
        }
    }

    /// Reads the coordinates in `range` into `values`; answers what is wrong with them.
    private func polygon(
        _ range: Range<Int>, index: Int, values: inout [Double], notAnInteger: inout CSVRows.Problem?
    ) -> CSVRows.Problem? {
        values.removeAll(keepingCapacity: true)
        var position = range.lowerBound
        while true {
            while position < range.upperBound, isSpace(bytes[position]) { position += 1 }
            guard position < range.upperBound else { break }
            let start = position
            while position < range.upperBound, !isSpace(bytes[position]) { position += 1 }
            var isInteger = false
            guard let value = number(start..<position, isInteger: &isInteger) else {
                return problem(
                    .badNumber, at: start, "a coordinate is no number", found: excerpt(start..<position),
                    expected: "an integer such as 128", polygon: index)
            }
            values.append(value)
            if !isInteger && notAnInteger == nil {
                notAnInteger = problem(
                    .notAnInteger, at: start, "a coordinate is no integer", found: excerpt(start..<position),
                    expected: "an integer such as 128", polygon: index)
            }
        }
        if values.isEmpty {
            return problem(
                .emptyPolygon, at: range.lowerBound, "nothing between two '|'", found: "no coordinates",
                expected: "x1 y1 x2 y2 …", polygon: index)
        }
        if values.count % 2 == 1 {
            return problem(
                .oddCoordinates, at: range.lowerBound, "an odd number of coordinates",
                found: "\(values.count) coordinates", expected: "pairs: x1 y1 x2 y2 …", polygon: index)
        }
        return nil
    }

    /// The finite number that the whole of `range` spells; nil elsewhere.
    private func number(_ range: Range<Int>, isInteger: inout Bool) -> Double? {
        var position = range.lowerBound
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        var value = 0
        if position < range.upperBound, range.upperBound - position <= 15 {
            while position < range.upperBound, bytes[position] >= 0x30, bytes[position] <= 0x39 {
                value = value * 10 + Int(bytes[position] - 0x30)
                position += 1
            }
            if position == range.upperBound {
                isInteger = true
                return Double(isNegative ? -value : value)
            }
        }
        // Double(_:) also reads hexadecimal, "inf" and "nan", which no CSV of this kind means.
        guard range.allSatisfy({ "+-.0123456789eE".utf8.contains(bytes[$0]) }),
            let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite
        else { return nil }
        isInteger = range.allSatisfy { !".eE".utf8.contains(bytes[$0]) }
        return value
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private func excerpt(_ range: Range<Int>) -> String {
        let text = String(decoding: bytes[range.prefix(40)], as: UTF8.self)
        return text.debugDescription + (range.count > 40 ? "…" : "")
    }

    private func problem(
        _ code: Finding.Code, at offset: Int, _ message: String, found: String, expected: String, polygon: Int? = nil
    ) -> CSVRows.Problem {
        let (line, column) = place(offset)
        return CSVRows.Problem(
            code: code, line: line, column: column, message: message, found: found, expected: expected, polygon: polygon
        )
    }
}
