import Core

/// The maps of several stores as one source, such as those of each fold's held-out images.
public struct JoinedMaps: MapSource {
    /// In the order given.
    public let stores: [MapStore]
    private let storeOf: [String: Int]

    /// - Throws: `MapsError` (65) where two stores have a map of the same image.
    public init(_ stores: [MapStore]) throws {
        self.stores = stores
        var storeOf: [String: Int] = [:]
        for (position, store) in stores.enumerated() {
            for name in store.imageNames {
                if let other = storeOf.updateValue(position, forKey: name) {
                    throw MapsError(
                        Diagnosis(
                            .badData, "two stores have a map of the same image", path: store.path, place: name,
                            found: "a map in \(stores[other].path) too", expected: "an image in one store only",
                            nextStep: "name stores of different images"))
                }
            }
        }
        self.storeOf = storeOf
    }

    /// The folders.
    public var label: String { stores.map(\.path).joined(separator: ", ") }

    /// Store by store.
    public var imageNames: [String] { stores.flatMap(\.imageNames) }

    /// The map of `name`, from the store that has it.
    ///
    /// - Throws: `MapsError` (66) where none has it; as `MapStore.read(_:)`.
    public func read(_ name: String) throws -> ImageMap {
        guard let position = storeOf[name] else {
            throw MapsError(Diagnosis(.noInput, "no map of this image", path: label, place: name))
        }
        return try stores[position].read(name)
    }

    /// That of all stores, in their order.
    public func fingerprint() throws -> String {
        SHA256.hexDigest(of: try stores.map { try $0.fingerprint() }.joined(separator: "\n"))
    }
}
