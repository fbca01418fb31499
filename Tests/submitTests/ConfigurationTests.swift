import TestSupport
import Testing

/// Where settings come from, and what is said of those that are none.
@Suite struct ConfigurationTests {
    /// configs/default.yaml is `submit config --write configs/default.yaml`.
    @Test func theCommittedDefaultsAreTheBuiltInOnes() throws {
        let path = TestData.repository("configs/default.yaml")
        try Workplace.with { place in
            let printed = try place.expectDone(["config"]).stdout
            #expect(printed == (try String(contentsOfFile: path, encoding: .utf8)))
            try place.expectDone(["config", "--write", "new/default.yaml"])
            #expect(try place.text("new/default.yaml") == printed)
            // Read back, it changes nothing.
            #expect(try place.expectDone(["config", "--config", path]).stdout == printed)
        }
    }

    /// Defaults < file < override < flag; extract's dry run shows what a flag did.
    @Test func laterSourcesOverrideEarlierOnes() throws {
        try Workplace.withMaps { place in
            func thresh(_ arguments: [String]) throws -> String {
                let text = try place.expectDone(
                    ["extract", "--maps", "maps", "--json", "x.json", "--dry-run"] + arguments)
                return text.stdout.split(separator: "\n").first { $0.hasPrefix("  thresh:") }.map(String.init) ?? ""
            }
            try place.write("models:\n  head:\n    postprocess:\n      thresh: 0.21\n", to: "hydra.yaml")
            #expect(try thresh([]) == "  thresh: 0.3")
            #expect(try thresh(["--config", "hydra.yaml"]) == "  thresh: 0.21")
            #expect(try thresh(["--config", "hydra.yaml", "thresh=0.22"]) == "  thresh: 0.22")
            #expect(try thresh(["--config", "hydra.yaml", "thresh=0.22", "--thresh", "0.23"]) == "  thresh: 0.23")
        }
    }

    @Test(arguments: [
        ("predict:\n  size: 320\npostprocess:\n  tresh: 0.2\n", ["c.yaml:4:3", "postprocess.tresh", "did you mean"]),
        ("thresh: 0.2\nbox_tresh: 0.2\n", ["c.yaml:2:1", "box_tresh", "did you mean box_thresh?"]),
        ("thresh: 1.01\n", ["c.yaml:1:1", "postprocess.thresh", "\"1.01\"", "from 0 to 1"]),
        ("thresh: .nan\n", ["c.yaml:1:1", ".nan", "from 0 to 1"]),
        ("thresh: [0.1, 0.2]\n", ["c.yaml:1:1", "0.1,0.2"]),
        ("max_candidates: -1\n", ["c.yaml:1:1", "\"-1\"", "whole number from 0"]),
        ("use_polygon: maybe\n", ["c.yaml:1:1", "true or false"]),
        ("predict:\n  size: 333\n", ["c.yaml:2:3", "\"333\"", "multiple of 32"]),
        ("predict:\n  tta: spin\n", ["c.yaml:2:3", "spin", "hflip"]),
        ("predict:\n  tta: [hflip, scale: 0.8]\n", ["c.yaml:2:3", "\"\" is empty"]),
        ("predict:\n  tta: [hflip, scale:9]\n", ["c.yaml:2:3", "scale:9", "from 0.25 to 4"]),
        ("predict:\n  size: [320\n", ["c.yaml:3:1", "broken YAML"]),
        ("thresh: 0.2\nthresh: 0.3\n", ["c.yaml:1:1", "a key stands twice", "thresh"]),
        ("- thresh\n", ["c.yaml:1:1", "not a configuration"]),
    ])
    func aBadFileIsToldWithItsPlace(text: String, parts: [String]) throws {
        try Workplace.with { place in
            try place.write(text, to: "c.yaml")
            let process = try place.expectRefusal(["config", "--config", "c.yaml"], .configuration)
            for part in parts { #expect(process.stderr.contains(part), "\(process.stderr)") }
        }
    }

    @Test(arguments: [
        ("threshold=0.2", "did you mean thresh?"), ("thresh=1.5", "from 0 to 1"), ("thresh=nan", "from 0 to 1"),
        ("postprocess.box_thresh=-0.1", "from 0 to 1"), ("max_candidates=-5", "whole number from 0"),
        ("predict.size=100", "multiple of 32"), ("thresh=", "from 0 to 1"), ("box_unclip_ratio=inf", "above 0"),
    ])
    func aBadOverrideIsAUsageError(override: String, part: String) throws {
        try Workplace.with { place in _ = try place.expectRefusal(["config", override], .usage, part) }
    }

    @Test(arguments: [
        ("--thresh=1.5", "from 0 to 1"), ("--thresh=nan", "from 0 to 1"), ("--box-thresh=-0.1", "from 0 to 1"),
        ("--max-candidates=-5", "whole number from 0"), ("--unclip-ratio=0", "above 0"), ("--min-size=inf", "above 0"),
    ])
    func aBadFlagIsNamedAsItWasGiven(flag: String, part: String) throws {
        try Workplace.withMaps { place in
            let name = String(flag.prefix { $0 != "=" })
            try place.expectRefusal(["extract", "--maps", "maps", "--json", "x.json", flag], .usage, name, part)
        }
    }

    @Test(arguments: ["100", "0", "-32", "8224"]) func aSizeIsAMultipleOf32(size: String) throws {
        try Workplace.with { place in
            try place.expectRefusal(place.predict + ["--size=\(size)"], .usage, "--size", "multiple of 32")
        }
    }

    @Test(arguments: [
        ("scale:0", "no number from 0.25 to 4"), ("scale:abc", "no number from 0.25 to 4"),
        ("scale:9", "no number from 0.25 to 4"), ("hflip,hflip", "stands twice"), ("rot90,turn", "\"turn\" is unknown"),
        ("scale:1.2,scale:1.21", "same as scale:1.2 at size 320"), ("scale:1.01", "same as plain"),
    ])
    func badViewsAreRefused(views: String, part: String) throws {
        try Workplace.with { place in
            try place.expectRefusal(place.predict + ["--tta", views], .usage, part)
        }
    }

    @Test(arguments: [
        ("parameters:\n  tresh: {values: [0.2]}\n", "s.yaml:2:3", "did you mean thresh?"),
        ("parameters:\n  thresh: {values: [0.2, 1.2]}\n", "s.yaml:2:26", "1.2"),
        ("parameters:\n  thresh: {values: [.nan]}\n", "s.yaml:2:21", "nan"),
        ("parameters:\n  max_candidates: {value: -1}\n", "s.yaml:2:27", "-1"),
        ("parameters:\n  thresh: {values: [0.2\n", "s.yaml:3:1", "broken YAML"),
    ])
    func aBadSearchSpaceIsToldWithItsPlace(text: String, place position: String, part: String) throws {
        try Workplace.withMaps { place in
            try place.write("method: grid\n" + text, to: "s.yaml")
            let line = position.replacing(/yaml:(\d+)/) { "yaml:\((Int($0.1) ?? 0) + 1)" }
            try place.expectRefusal(
                ["sweep", "--maps", "maps", "--truth", "truth.json", "--config", "s.yaml", "--output", "out"],
                .configuration, line, part)
        }
    }
}
