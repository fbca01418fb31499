import Core

/// The error type of `Maps`: stores, maps and imports that cannot be read, trusted or written.
public struct MapsError: DiagnosedError {
    /// What, where, found, expected and the next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }
}

extension MapsError {
    /// A map file that is not what was written.
    static func broken(path: String, place: String? = nil, found: String? = nil, expected: String? = nil) -> MapsError {
        MapsError(
            Diagnosis(
                .badData, "the map is broken", path: path, place: place, found: found, expected: expected,
                nextStep: "delete the file and make the map again"))
    }

    /// A value that is no probability.
    static func value(_ value: Double, x: Int, y: Int, path: String) -> MapsError {
        MapsError(
            Diagnosis(
                .badData, "not a probability", path: path, place: "x \(x), y \(y)", found: "\(value)",
                expected: "a number from 0 to 1",
                nextStep: value.isFinite ? "save the map after the sigmoid" : "look for NaN in the network's weights"))
    }

    /// A file of maps from elsewhere that cannot be understood.
    static func foreign(
        _ what: String, path: String, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> MapsError {
        MapsError(
            Diagnosis(
                .badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }
}
