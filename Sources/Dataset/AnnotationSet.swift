import Core
import Geometry

/// Images and their words in memory, the same for truth and predictions; files are read and written by `Submission`.
///
/// One text region of an image.
public struct Word: Sendable, Hashable {
    /// The word's key in its file, such as "0001".
    public var id: String
    /// Image pixels.
    public var polygon: Polygon
    /// The mean probability inside the region, predictions only.
    public var score: Double?
    /// The text, truth or end-to-end predictions.
    public var transcription: String?
    /// Whether the word is not to be counted (`illegibility: true`, or ICDAR's `###`).
    public var isDontCare: Bool
    /// Members of the source file that this tool does not read (`orientation`, `language`, …), kept for writing back.
    public var extras: JSONObject

    /// A word.
    public init(
        id: String, polygon: Polygon, score: Double? = nil, transcription: String? = nil, isDontCare: Bool = false,
        extras: JSONObject = [:]
    ) {
        self.id = id
        self.polygon = polygon
        self.score = score
        self.transcription = transcription
        self.isDontCare = isDontCare
        self.extras = extras
    }
}

/// One image and its words in file order.
public struct ImageAnnotation: Sendable, Equatable {
    /// The file's name as data files spell it, such as `receipt_7_000.jpg`.
    public var name: String
    /// The image's width in pixels, where the file says it.
    public var width: Int?
    /// The image's height in pixels, where the file says it.
    public var height: Int?
    /// The image's words in file order.
    public var words: [Word]
    /// Members of the source file that this tool does not read (`orientation`, `language`, …), kept for writing back.
    public var extras: JSONObject

    /// An image with its words.
    public init(name: String, width: Int? = nil, height: Int? = nil, words: [Word] = [], extras: JSONObject = [:]) {
        self.name = name
        self.width = width
        self.height = height
        self.words = words
        self.extras = extras
    }
}

/// A truth or prediction file: images in file order, found by name.
public struct AnnotationSet: Sendable, Equatable {
    /// The images in file order.
    public private(set) var images: [ImageAnnotation]
    /// Members of the source file beside the images (`settings`, …), kept for writing back.
    public var extras: JSONObject
    private var positions: [String: Int]

    /// A set of these images.
    ///
    /// - Precondition: names are unique; readers check that and say where they are not.
    public init(_ images: [ImageAnnotation], extras: JSONObject = [:]) {
        self.images = images
        self.extras = extras
        positions = Dictionary(uniqueKeysWithValues: images.enumerated().map { ($1.name, $0) })
    }

    /// The image called `name`.
    public subscript(name: String) -> ImageAnnotation? {
        positions[name].map { images[$0] }
    }

    /// The number of words over all images.
    public var wordCount: Int { images.reduce(0) { $0 + $1.words.count } }

    /// The number of words without a score over all images.
    public var unscoredWordCount: Int { images.reduce(0) { $0 + $1.words.count { $0.score == nil } } }
}
