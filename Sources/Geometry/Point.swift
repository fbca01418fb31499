/// Points, polygons and the transforms between map pixels and image pixels.
///
/// A point in pixels; x to the right, y down.
public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double

    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}
