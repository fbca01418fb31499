import Core
import Foundation
import TestSupport
import Testing

@Suite struct JSONParserTests {
    @Test func readsEveryKind() throws {
        let text =
            "\u{FEFF} { \"a\" : [1, -2.5, 1e3, 0, -0, 12345678901234567890], \"b\":{}, \"c\":[], \"d\":null,\r\n\t\"e\":true,\"f\":false,\"g\":\"\" } "
        let value = try JSONValue(parsing: text, path: "x")
        let object = try #require(value.object)
        #expect(object.keys == ["a", "b", "c", "d", "e", "f", "g"])
        #expect(object["a"] == [1, -2.5, 1000, 0, 0, .number(12_345_678_901_234_567_890)])
        #expect(object["a"]?.array?[4].number?.sign == .minus)
        #expect(object["b"] == [:])
        #expect(object["c"] == [])
        #expect(object["d"] == .null)
        #expect(object["e"] == true)
        #expect(object["f"] == false)
        #expect(object["g"] == "")
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"),
        (#""\u0041\u00e9\uAC00""#, "Aé가"),
        (#""\uD83D\uDE00x""#, "😀x"),
        ("\"한국어 a,b\"", "한국어 a,b"),
        (#""\u0000""#, "\u{0}"),
    ])
    func readsStrings(text: String, expected: String) throws {
        let value = try JSONValue(parsing: text, path: "x")
        #expect(value.string.map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test func keepsOrderBeyondTheLinearLook() throws {
        let keys = (0..<40).map { "k\(($0 * 17) % 40)" }
        let text = "{" + keys.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ",") + "}"
        let object = try #require(try JSONValue(parsing: text, path: "x").object)
        #expect(object.keys == keys)
        for (position, key) in keys.enumerated() { #expect(object[key]?.int == position) }
        #expect(object["k40"] == nil)
    }

    /// Each text with the place of the error, line:column from 1.
    @Test(arguments: [
        ("", "1:1"), ("   ", "1:4"), ("{", "1:2"), ("[1,", "1:4"), ("[1 2]", "1:4"), ("{\"a\" 1}", "1:6"),
        ("{a:1}", "1:2"), ("{\"a\":1,}", "1:8"), ("[1,]", "1:4"), ("[1]]", "1:4"), ("nul", "1:1"), ("NaN", "1:1"),
        ("[1e400]", "1:2"), ("[-1e400]", "1:2"), ("01", "1:1"), ("[1.]", "1:4"), ("[.5]", "1:2"), ("[1e]", "1:4"),
        ("+1", "1:1"), ("\"abc", "1:5"), ("\"a\nb\"", "1:3"), (#""\x""#, "1:4"), (#""\u12""#, "1:4"),
        (#""\uD800""#, "1:8"), (#""\uDC00""#, "1:8"), (#""\uD800\u0041""#, "1:14"), ("{\n \"é\": x}", "2:7"),
        ("{\"a\":1,\"a\":2}", "1:12"), ("'a'", "1:1"), ("[1]\u{0}", "1:4"),
    ])
    func refusesWithPlace(text: String, place: String) {
        let error = #expect(throws: FileError.self) { try JSONValue(parsing: text, path: "f.json") }
        #expect(error?.diagnosis.status == .badData)
        #expect(error?.diagnosis.path == "f.json")
        #expect(error?.diagnosis.place == place, "\(error?.description ?? "")")
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let bytes = Array("{\"a\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
        #expect(throws: FileError.self) { try bytes.withUnsafeBytes { try JSONValue(parsing: $0, path: "x") } }
    }

    @Test func refusesDeepNestingWithoutCrashing() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(parsing: nested(256), path: "x")
        #expect(throws: FileError.self) { try JSONValue(parsing: nested(257), path: "x") }
        #expect(throws: FileError.self) { try JSONValue(parsing: nested(1_000_000), path: "x") }
        let objects = String(repeating: "{\"a\":", count: 300)
        #expect(throws: FileError.self) { try JSONValue(parsing: objects, path: "x") }
    }

    @Test func saysWhichFileIsMissing() {
        let error = #expect(throws: FileError.self) { try JSONValue(contentsOf: "/nonexistent/a.json") }
        #expect(error?.diagnosis.status == .noInput)
        #expect(error?.diagnosis.path == "/nonexistent/a.json")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func writtenValuesReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let value = randomValue(&generator, depth: 0)
            for indent in [nil, 1, 2] {
                let text = value.text(indent: indent)
                #expect(try JSONValue(parsing: text, path: "seed \(seed)") == value, "\(text)")
            }
        }
    }

    /// Half of all cut and flipped documents are still JSON or are refused; none crashes.
    @Test(arguments: [11, 12] as [UInt64])
    func survivesDamage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = Array(randomValue(&generator, depth: 0).text(indent: 1).utf8)
            if bytes.isEmpty { continue }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = bytes.indices.randomElement(using: &generator) ?? 0
                bytes[position] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                _ = try bytes.withUnsafeBytes { try JSONValue(parsing: $0, path: "seed \(seed)") }
            } catch let error as FileError {
                #expect(error.diagnosis.place != nil)
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int.random(in: -100_000...100_000, using: &generator))
        case 3:
            let value = Double(bitPattern: generator.next())
            return .number(value.isFinite ? value : 0.1)
        case 4: return .string(randomText(&generator))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in randomValue(&generator, depth: depth + 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                object[randomText(&generator)] = randomValue(&generator, depth: depth + 1)
            }
            return .object(object)
        }
    }

    private func randomText(_ generator: inout SeededGenerator) -> String {
        let alphabet = ["a", "b", "\"", "\\", "\n", "\u{1}", "é", "가", "😀", "/", " ", "\u{7F}", "\r"]
        return (0..<Int.random(in: 0..<8, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? ""
        }
        .joined()
    }
}
