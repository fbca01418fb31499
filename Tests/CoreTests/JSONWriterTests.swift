import Core
import Testing

@Suite struct JSONWriterTests {
    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (12, "12"), (-7, "-7"), (0.1, "0.1"), (0.580201, "0.580201"), (1e21, "1e+21"),
            (1e-7, "1e-07"), (9_007_199_254_740_991, "9007199254740991"), (123456.75, "123456.75"),
        ] as [(Double, String)])
    func writesNumbersInTheirShortestForm(value: Double, expected: String) throws {
        #expect(JSONValue.number(value).text() == expected)
        #expect(try JSONValue(parsing: expected, path: "x").number == value)
    }

    @Test func escapesWhatMustBe() {
        #expect(JSONValue.string("a\"\\\n\r\t\u{1}/é가").text() == #""a\"\\\n\r\t\u0001/é가""#)
    }

    @Test func writesOneLine() {
        #expect(
            JSONValue.object(["a": [1, 2.5], "b": ["c": .null, "d": [:]], "e": []]).text()
                == #"{"a": [1, 2.5], "b": {"c": null, "d": {}}, "e": []}"#)
    }

    @Test func indentsButKeepsPolygonsOnOneLine() {
        let value: JSONValue = ["a": ["points": [[1, 2], [3, 4]]], "b": [["c": 1]]]
        #expect(
            value.text(indent: 2) == """
                {
                  "a": {
                    "points": [[1, 2], [3, 4]]
                  },
                  "b": [
                    {
                      "c": 1
                    }
                  ]
                }
                """)
    }

    @Test(
        arguments: [[:], ["a": 1], ["a": 1, "b": [["c": 1, "d": ["e": [1, 2]]], [:]], "f": [], "g": ["h"]]]
            as [JSONObject])
    func aStreamWritesTheSameBytes(object: JSONObject) throws {
        var text = ""
        var stream = JSONObjectStream { text += $0 }
        for (key, value) in object {
            if let objects = value.array?.compactMap(\.object), objects.count == value.array?.count {
                try stream.write(key, objects: objects)
            } else {
                try stream.write(key, value)
            }
        }
        try stream.end()
        #expect(text == JSONValue.object(object).text(indent: 2))
    }

    @Test func setsAndAppendsMembers() {
        var object: JSONObject = ["a": 1]
        object["b"] = 2
        object["a"] = 3
        object["c"] = nil
        #expect(object.keys == ["a", "b"])
        #expect(object.values == [3, 2])
        #expect(object.count == 2 && !object.isEmpty)
    }
}
