import Core
import Dataset
import Geometry

/// Everything that is wrong with a submission CSV, found before it costs a submission.
public struct Validation: Sendable, Equatable {
    /// An image's size in pixels.
    public struct Size: Sendable, Hashable {
        /// Pixels.
        public var width, height: Int

        /// A size in pixels.
        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// What the file is held against; every part may be missing, and is then not checked.
    public struct Expectation: Sendable {
        /// The test set's images.
        public var names: [String]?
        /// Whether `names` has an order that rows should follow, as a sample submission's has.
        public var namesAreOrdered: Bool
        /// The images' sizes by name, for coordinates beyond them.
        public var sizes: [String: Size]
        /// The predictions that the CSV was made from.
        public var predictions: AnnotationSet?
        /// How many polygons of an image the leaderboard counts, in file order; default 500.
        public var maximumPolygons: Int

        /// What a file is held against, by default only itself.
        public init(
            names: [String]? = nil, namesAreOrdered: Bool = false, sizes: [String: Size] = [:],
            predictions: AnnotationSet? = nil, maximumPolygons: Int = 500
        ) {
            self.names = names
            self.namesAreOrdered = namesAreOrdered
            self.sizes = sizes
            self.predictions = predictions
            self.maximumPolygons = maximumPolygons
        }

        /// The images of a sample submission or truth, in its order, with the sizes that it has.
        public init(like set: AnnotationSet, predictions: AnnotationSet? = nil) {
            self.init(names: set.images.map(\.name), namesAreOrdered: true, predictions: predictions)
            for image in set.images {
                if let width = image.width, let height = image.height {
                    sizes[image.name] = Size(width: width, height: height)
                }
            }
        }
    }

    /// All findings: the file's, then each row's in file order, then missing images, then differences to the JSON.
    public let findings: [Finding]
    /// How many rows the file has.
    public let imageCount: Int
    /// How many polygons the file has.
    public let polygonCount: Int
    /// How many rows had a size to hold their coordinates against.
    public let sizedImageCount: Int

    /// How many findings have `severity`.
    public func count(_ severity: Finding.Severity) -> Int {
        findings.reduce(0) { $0 + ($1.severity == severity ? 1 : 0) }
    }

    /// Whether a leaderboard would refuse the file, or miscount it.
    public var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// Checks the CSV at `path`.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SubmissionError` (65) where it is not UTF-8. All else
    ///   is a finding.
    /// - Complexity: O(size); the search for crossing edges is quadratic in the corners of a polygon at worst.
    public static func run(path: String, against expectation: Expectation = Expectation()) throws -> Validation {
        run(try CSVRows(path: path), against: expectation)
    }

    /// Checks `rows`.
    public static func run(_ rows: CSVRows, against expectation: Expectation = Expectation()) -> Validation {
        var checks = ValidationChecks(rows, expectation)
        checks.run()
        return Validation(
            findings: checks.findings, imageCount: rows.rows.count,
            polygonCount: rows.rows.reduce(0) { $0 + $1.polygonCount },
            sizedImageCount: rows.rows.reduce(0) { $0 + (expectation.sizes[$1.name] == nil ? 0 : 1) })
    }
}
