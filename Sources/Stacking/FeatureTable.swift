/// Rows of features: (rows, columns) Float64, row-major.
public struct FeatureTable: Sendable, Equatable {
    /// Features a row.
    public let columns: Int
    /// `rows * columns` values.
    public private(set) var values: [Double] = []

    /// The number of rows.
    public var rows: Int { values.count / columns }

    /// A table without rows.
    public init(columns: Int) {
        precondition(columns > 0, "a row has features")
        self.columns = columns
    }

    /// Appends a row.
    public mutating func append(_ row: [Double]) {
        precondition(row.count == columns, "a row has a value a column")
        values += row
    }

    /// Appends another table's rows.
    public mutating func append(_ table: FeatureTable) {
        precondition(table.columns == columns, "tables of the same features")
        values += table.values
    }

    /// One value.
    public subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

    /// One row.
    public subscript(row: Int) -> ArraySlice<Double> { values[row * columns..<(row + 1) * columns] }
}
