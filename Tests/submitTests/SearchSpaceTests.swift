import Core
import TestSupport
import Testing

/// Search spaces that make no sense, or too much of it, through the command line.
@Suite struct SearchSpaceTests {
    static let thousand = "{min: 0.001, max: 1, distribution: q_uniform, q: 0.001}"

    static func sweep(_ yaml: String, _ place: Workplace) throws -> [String] {
        try place.write(yaml, to: "space.yaml")
        return ["sweep", "--maps", "maps", "--truth", "truth.json", "--config", "space.yaml", "--output", "out"]
    }

    @Test func refusedWithThePlace() throws {
        try Workplace.withMaps { place in
            for (yaml, part) in [
                ("parameters: {}\n", "no point"), ("parameters:\n  thresh: {values: []}\n", "space.yaml:2:"),
                ("parameters:\n  thresh: {values: [0.2, .nan]}\n", "\".nan\""),
                ("parameters:\n  box_thresh: {values: [-0.1]}\n", "\"-0.1\""),
                ("parameters:\n  thresh: {min: 0.5, max: 1.5, q: 0.5}\n", "space.yaml:2:"),
            ] {
                try place.expectRefusal(Self.sweep(yaml, place), .configuration, "space.yaml", part)
            }
        }
    }

    /// A million points are estimated first, and tried only where that is said.
    @Test func aMillionPointsWantAYes() throws {
        try Workplace.withMaps { place in
            let sweep = try Self.sweep(
                "parameters:\n  thresh: \(Self.thousand)\n  box_thresh: \(Self.thousand)\n", place)
            try place.expectRefusal(sweep, .configuration, "1000000 points", "MB", "--yes")
            let dry = try place.expectDone(sweep + ["--yes", "--dry-run"])
            #expect(dry.stdout.contains("1000000 points x 2 images"))
            #expect(dry.stderr.contains("1000000 points, 1000 sets of candidates a map") && dry.stderr.contains(" MB"))
            let fewer = try Self.sweep(
                "parameters:\n  thresh: {value: 0.22}\n  box_thresh: \(Self.thousand)\n", place)
            try place.expectDone(fewer + ["--dry-run"])
        }
    }
}
