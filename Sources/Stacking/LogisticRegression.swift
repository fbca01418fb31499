import Foundation

/// Logistic regression with an L2 penalty on standardised features.
///
/// Minimises ½·|w|² + C·Σ weight·log-loss, the intercept free of the penalty, by Newton's method: the same optimum as
/// scikit-learn's `LogisticRegression` behind a `StandardScaler`.
public struct LogisticRegression: Sendable, Equatable {
    /// What is subtracted from each feature, and what it is then divided by.
    public let means, scales: [Double]
    /// One a standardised feature.
    public let coefficients: [Double]
    /// The log-odds at the features' means.
    public let intercept: Double

    init(means: [Double], scales: [Double], coefficients: [Double], intercept: Double) {
        self.means = means
        self.scales = scales
        self.coefficients = coefficients
        self.intercept = intercept
    }

    /// Fits to `table`.
    ///
    /// - Parameters:
    ///   - labels: one a row.
    ///   - weights: one a row, none negative.
    ///   - strength: C, above 0; default 1, scikit-learn's.
    /// - Throws: `StackError` where the weighted rows are all of one label.
    /// - Complexity: O(rows · columns²) an iteration, some ten of them.
    public init(_ table: FeatureTable, labels: [Bool], weights: [Double], strength: Double = 1) throws {
        let (rows, columns) = (table.rows, table.columns)
        precondition(labels.count == rows && weights.count == rows, "a label and a weight a row")
        try Classifier.checkBothKinds(labels, weights)
        var means = [Double](repeating: 0, count: columns)
        var scales = means
        for row in 0..<rows {
            for column in 0..<columns { means[column] += table[row, column] / Double(rows) }
        }
        for row in 0..<rows {
            for column in 0..<columns {
                let distance = table[row, column] - means[column]
                scales[column] += distance * distance / Double(rows)
            }
        }
        // A feature that does not vary says nothing; scaled by 1 it is 0 throughout.
        scales = zip(scales, means).map { $0 <= 1e-20 * max(1, $1 * $1) ? 1 : $0.squareRoot() }
        let width = columns + 1
        var design = [Double](repeating: 1, count: rows * width)
        for row in 0..<rows {
            for column in 0..<columns {
                design[row * width + column] = (table[row, column] - means[column]) / scales[column]
            }
        }
        let beta = Self.optimum(design, width: width, labels: labels, weights: weights, strength: strength)
        self.init(
            means: means, scales: scales, coefficients: Array(beta[..<columns]), intercept: beta[columns])
    }

    /// The probability of keeping.
    func probability(_ row: ArraySlice<Double>) -> Double {
        var odds = intercept
        for (column, value) in row.enumerated() {
            odds += coefficients[column] * (value - means[column]) / scales[column]
        }
        return Classifier.sigmoid(odds)
    }

    /// - Parameter design: (rows, width), the last column 1.
    private static func optimum(
        _ design: [Double], width: Int, labels: [Bool], weights: [Double], strength: Double
    ) -> [Double] {
        var beta = [Double](repeating: 0, count: width)
        var value = objective(beta, design, labels, weights, strength)
        for _ in 0..<100 {
            var gradient = [Double](repeating: 0, count: width)
            var hessian = [Double](repeating: 0, count: width * width)
            for column in 0..<width - 1 {
                gradient[column] = beta[column]
                hessian[column * width + column] = 1
            }
            for row in labels.indices {
                let start = row * width
                var odds = 0.0
                for column in 0..<width { odds += beta[column] * design[start + column] }
                let probability = Classifier.sigmoid(odds)
                let slope = strength * weights[row] * (probability - (labels[row] ? 1 : 0))
                let curve = strength * weights[row] * probability * (1 - probability)
                for column in 0..<width {
                    gradient[column] += slope * design[start + column]
                    let scaled = curve * design[start + column]
                    for other in 0...column { hessian[column * width + other] += scaled * design[start + other] }
                }
            }
            let step = solved(hessian, gradient)
            var share = 1.0
            var next = beta
            var nextValue = value
            repeat {
                next = zip(beta, step).map { $0 - share * $1 }
                nextValue = objective(next, design, labels, weights, strength)
                share /= 2
            } while nextValue > value && share > 1e-10
            guard nextValue <= value else { break }
            beta = next
            value = nextValue
            if step.allSatisfy({ abs($0) < 1e-10 }) { break }
        }
        return beta
    }

    private static func objective(
        _ beta: [Double], _ design: [Double], _ labels: [Bool], _ weights: [Double], _ strength: Double
    ) -> Double {
        let width = beta.count
        var sum = 0.0
        for row in labels.indices {
            var odds = 0.0
            for column in 0..<width { odds += beta[column] * design[row * width + column] }
            // log(1 + exp(odds)) - label * odds, without overflow.
            sum += weights[row] * (max(odds, 0) + log1p(exp(-abs(odds))) - (labels[row] ? odds : 0))
        }
        return strength * sum + beta.dropLast().reduce(0) { $0 + $1 * $1 } / 2
    }

    /// Solves `matrix · x = vector` by Cholesky's decomposition of the lower triangle.
    private static func solved(_ matrix: [Double], _ vector: [Double]) -> [Double] {
        let width = vector.count
        var lower = matrix
        for column in 0..<width {
            for row in column..<width {
                var value = lower[row * width + column]
                for inner in 0..<column { value -= lower[row * width + inner] * lower[column * width + inner] }
                // The intercept alone has no penalty: where all is separated its curvature runs out.
                lower[row * width + column] =
                    row == column ? max(value, 1e-12).squareRoot() : value / lower[column * width + column]
            }
        }
        var result = vector
        for row in 0..<width {
            for inner in 0..<row { result[row] -= lower[row * width + inner] * result[inner] }
            result[row] /= lower[row * width + row]
        }
        for row in (0..<width).reversed() {
            for inner in row + 1..<width { result[row] -= lower[inner * width + row] * result[inner] }
            result[row] /= lower[row * width + row]
        }
        return result
    }
}
