import PostProc

/// The points of a sweep by what they share.
struct PointGroups: Sendable {
    /// Points whose candidates are the same: `box_thresh` and `max_candidates` alone tell them apart.
    struct Group: Sendable {
        let options: CandidateOptions
        /// The most that any point of the group looks at.
        private(set) var maxCandidates = 0
        /// The lowest score that any point of the group lets pass.
        private(set) var scoreFloor = 1.0
        /// The points, by `box_thresh`, then by `max_candidates`, so that those with the same boxes follow each other.
        fileprivate(set) var points: [Point] = []

        init(_ options: CandidateOptions) {
            self.options = options
        }

        mutating func add(_ point: Point) {
            points.append(point)
            maxCandidates = max(maxCandidates, point.maxCandidates)
            scoreFloor = min(scoreFloor, point.boxThresh)
        }
    }

    /// A choice among a group's candidates.
    struct Point: Sendable {
        /// The point's number in the sweep.
        let number: Int
        let boxThresh: Double
        let maxCandidates: Int
    }

    /// In the order of their first points.
    let groups: [Group]
    /// Where each point of the sweep stands among the groups' points, group after group.
    let order: [Int32]

    var pointCount: Int { order.count }

    init(_ points: [Setting]) {
        var positions: [CandidateOptions: Int] = [:]
        var groups: [Group] = []
        for (number, point) in points.enumerated() {
            let resolved = point.resolved
            let options = CandidateOptions(resolved)
            let position = positions[options] ?? groups.count
            if position == groups.count {
                positions[options] = position
                groups.append(Group(options))
            }
            groups[position].add(
                Point(number: number, boxThresh: resolved.boxThresh, maxCandidates: resolved.maxCandidates))
        }
        var order = [Int32](repeating: 0, count: points.count)
        var place: Int32 = 0
        for position in groups.indices {
            groups[position].points.sort { ($0.boxThresh, $0.maxCandidates) < ($1.boxThresh, $1.maxCandidates) }
            for point in groups[position].points {
                order[point.number] = place
                place += 1
            }
        }
        self.groups = groups
        self.order = order
    }
}
