/// Maps that are read by image name: a store's, or those that several stores make together.
public protocol MapSource: Sendable {
    /// What people call it in messages, such as a store's folder.
    var label: String { get }
    /// The images that have a map, each once, in a fixed order.
    var imageNames: [String] { get }
    /// The map of one image.
    ///
    /// - Throws: the reader's own error where there is no such map or it cannot be read.
    func read(_ name: String) throws -> ImageMap

    /// Changes where any map changes.
    ///
    /// - Throws: the reader's own error where a map cannot be looked at.
    func fingerprint() throws -> String
}

extension MapStore: MapSource {
    /// The folder.
    public var label: String { path }
}
