import Dataset
import Geometry
import Maps

/// A region that survived every filter but `box_thresh` and `max_candidates`.
public struct Candidate: Sendable, Equatable {
    /// Its contour's place in OpenCV's order; `max_candidates` keeps the places below it.
    public let contourIndex: Int
    /// The mean probability inside; `box_thresh` keeps the scores not below it.
    public let score: Double
    /// Image pixels, whole numbers.
    public let polygon: Polygon
}

/// All that one map gives at one `thresh`: any `box_thresh` and `max_candidates` are then mere choices among it.
public struct CandidateSet: Sendable, Equatable {
    /// The contours found, candidates or not.
    public let contourCount: Int
    /// In contour order.
    public let candidates: [Candidate]

    init(contourCount: Int, candidates: [Candidate]) {
        self.contourCount = contourCount
        self.candidates = candidates
    }

    /// Finds the candidates of one map; a loop over maps is better served by one `PostProcessor`.
    ///
    /// - Parameters:
    ///   - maxCandidates: contours from here on are not looked at.
    ///   - scoreFloor: regions that score below it are left out.
    /// - Throws: `PostProcError` for options out of range and for maps that are too large or hold no numbers.
    public init(
        _ map: ImageMap, options: CandidateOptions, maxCandidates: Int = .max, scoreFloor: Double = 0
    ) throws {
        self = try PostProcessor().candidates(
            map, options: options, maxCandidates: maxCandidates, scoreFloor: scoreFloor)
    }

    /// The words at one `box_thresh` and `max_candidates`, with ids "0001" onwards.
    ///
    /// - Complexity: O(candidates).
    public func words(boxThresh: Double, maxCandidates: Int) -> [Word] {
        var words: [Word] = []
        words.reserveCapacity(candidates.count)
        for candidate in candidates where candidate.contourIndex < maxCandidates && candidate.score >= boxThresh {
            words.append(
                Word(id: Self.id(words.count + 1), polygon: candidate.polygon, score: candidate.score))
        }
        return words
    }

    /// A word's number in its image, four digits at least.
    private static func id(_ number: Int) -> String {
        let digits = String(number)
        return digits.utf8.count < 4 ? String(repeating: "0", count: 4 - digits.utf8.count) + digits : digits
    }
}
