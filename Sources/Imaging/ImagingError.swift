import CImageCodec
import Core

/// The error type of `Imaging`: images that cannot be read, understood or written.
public struct ImagingError: DiagnosedError {
    /// What, where, found, expected and the next step.
    public let diagnosis: Diagnosis

    /// An error that says `diagnosis`.
    public init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }
}

extension ImagingError {
    static func empty(path: String) -> ImagingError {
        ImagingError(
            Diagnosis(
                .badData, "the image file is empty", path: path, expected: "a JPEG or PNG",
                nextStep: "copy the file again"))
    }

    static func unknownFormat(path: String, found: String) -> ImagingError {
        ImagingError(
            Diagnosis(
                .badData, "not an image that can be read", path: path, found: found,
                expected: "a JPEG or PNG, whatever the name says", nextStep: "convert it to JPEG or PNG"))
    }

    static func tooLarge(path: String, width: Int, height: Int) -> ImagingError {
        ImagingError(
            Diagnosis(
                .badData, "the image is too large to be trusted", path: path,
                found: "\(width) x \(height) = \(width * height) pixels",
                expected: "at most \(ImageFile.maximumPixels) pixels", nextStep: "scale the image down"))
    }

    static func metadata(path: String, place: String, _ what: String) -> ImagingError {
        ImagingError(
            Diagnosis(
                .badData, what, path: path, place: place, expected: "metadata that says how the image is turned",
                nextStep: "strip the metadata, or save the image again"))
    }

    /// What the codec says of the file at `path`.
    static func codec(_ status: Int32, _ failure: image_codec_failure, path: String) -> ImagingError {
        let (what, nextStep) =
            switch image_codec_status(rawValue: UInt32(bitPattern: status)) {
            case IMAGE_CODEC_TRUNCATED: ("the image is cut short", "copy the file again")
            case IMAGE_CODEC_UNSUPPORTED: ("the image is of a kind that is not read", "save it as plain JPEG or PNG")
            case IMAGE_CODEC_MEMORY: ("no memory for the image", "scale the image down")
            default: ("the image is corrupt", "copy the file again, or save it anew")
            }
        let place = failure.offset >= 0 ? "byte \(failure.offset)" : nil
        return ImagingError(
            Diagnosis(.badData, what, path: path, place: place, found: failure.text, nextStep: nextStep))
    }
}

extension image_codec_failure {
    /// The codec's own words.
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
