/// "Did you mean": the known name closest to a mistyped one.
public enum NearestName {
    /// The name among `names` with the smallest edit distance to `name`, the first of equals; nil where all are
    /// further than half the length.
    public static func find(_ name: String, among names: [String]) -> String? {
        let best = names.map { ($0, distance(Array(name), Array($0))) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= max(2, name.count / 2) else { return nil }
        return best.0
    }

    /// `did you mean NAME?`, or nil where none is near.
    public static func hint(for name: String, among names: [String]) -> String? {
        find(name, among: names).map { "did you mean \($0)?" }
    }

    /// Levenshtein's distance. Complexity: O(n·m).
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let substitution = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
