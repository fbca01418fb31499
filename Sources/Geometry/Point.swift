/// Points, polygons and the transforms between map pixels and image pixels.
///
/// A point in pixels; x to the right, y down.
public struct Point: Sendable, Hashable {
    /// To the right.
    public var x: Double
    /// Down.
    public var y: Double

    /// The point (x, y).
    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}
