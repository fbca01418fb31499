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
        /// The points, ascending.
        private(set) var points: [Point] = []

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
    /// Each point's place in the order of groups, `max_candidates` and `box_thresh`, in which points with the same boxes
    /// follow each other.
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
        self.groups = groups
        var order = [Int32](repeating: 0, count: points.count)
        let ordered = groups.lazy.map {
            $0.points.sorted { ($0.maxCandidates, $0.boxThresh) < ($1.maxCandidates, $1.boxThresh) }
        }
        for (place, point) in ordered.joined().enumerated() { order[point.number] = Int32(place) }
        self.order = order
    }
}
