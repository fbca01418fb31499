/// CLEval's end-to-end scoring (Baek et al. 2020, section 3.4): the characters that matched words read in common.
///
/// Truth boxes go in file order. Each takes its longest common subsequence with the text that its detections have left,
/// and what it takes is gone for the boxes after it.
struct EndToEnd {
    /// Code points of the text that each detection has left, by its index.
    private var left: [[Unicode.Scalar]]
    /// Code points taken so far.
    private(set) var found = 0

    init(_ texts: [[Unicode.Scalar]]) {
        left = texts
    }

    /// A transcription's code points, in capitals unless case counts.
    static func text(_ transcription: String?, _ options: ScoringOptions) -> [Unicode.Scalar] {
        guard let transcription, options.endToEnd else { return [] }
        return Array((options.caseSensitive ? transcription : transcription.uppercased()).unicodeScalars)
    }

    /// Takes what `text` and its detections have in common.
    ///
    /// - Parameter detections: the box's matches in reading order.
    mutating func take(_ text: [Unicode.Scalar], from detections: [Int]) {
        let common = Self.longestCommonSubsequence(text, detections.flatMap { left[$0] })
        found += common.count
        for character in common {
            for detection in detections {
                guard let position = left[detection].firstIndex(of: character) else { continue }
                left[detection].remove(at: position)
                break
            }
        }
    }

    /// Detections in the order in which they hold the box's characters, as the package has it: the first in file order
    /// for each character in turn; of those that never come first, one ends the list and the others are left out.
    ///
    /// - Parameter matches: detections in file order, each with the characters it holds, ascending.
    static func readingOrder(_ matches: [(detection: Int, characters: ArraySlice<Int32>)], _ characters: Range<Int>)
        -> [Int]
    {
        var waiting = matches
        var order: [Int] = []
        for character in characters {
            if waiting.count <= 1 { break }
            if let next = waiting.firstIndex(where: { $0.characters.contains(Int32(character)) }) {
                order.append(waiting.remove(at: next).detection)
            }
        }
        if let last = waiting.first { order.append(last.detection) }
        return order
    }

    /// Of several, the one that the package finds: going back from the ends it drops the second's last first.
    private static func longestCommonSubsequence(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar])
        -> [Unicode.Scalar]
    {
        let width = second.count + 1
        var lengths = [Int32](repeating: 0, count: (first.count + 1) * width)
        for row in first.indices {
            for column in second.indices {
                let here = row * width + column
                lengths[here + width + 1] =
                    first[row] == second[column] ? lengths[here] + 1 : max(lengths[here + 1], lengths[here + width])
            }
        }
        var common: [Unicode.Scalar] = []
        var (row, column) = (first.count, second.count)
        while row > 0, column > 0 {
            if first[row - 1] == second[column - 1] {
                common.append(first[row - 1])
                row -= 1
                column -= 1
            } else if lengths[(row - 1) * width + column] > lengths[row * width + column - 1] {
                row -= 1
            } else {
                column -= 1
            }
        }
        return common.reversed()
    }
}
