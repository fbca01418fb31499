import PostProc

/// The points of a sweep by what they share.
struct PointGroups: Sendable {
    /// Points whose candidates are the same: `box_thresh` and `max_candidates` alone tell them apart.
    struct Group: Sendable {
        let options: CandidateOptions
        /// Each once, in ascending order, so that those with the same boxes follow each other.
        let choices: [Choice]
        /// The most that any choice looks at.
        let maxCandidates: Int
        /// The lowest score that any choice lets pass.
        let scoreFloor: Double

        init(_ options: CandidateOptions, _ choices: [Choice]) {
            self.options = options
            self.choices = choices
            maxCandidates = choices.lazy.map(\.maxCandidates).max() ?? 0
            scoreFloor = choices.first?.boxThresh ?? 1
        }
    }

    /// What chooses among a group's candidates.
    struct Choice: Sendable, Hashable, Comparable {
        let boxThresh: Double
        let maxCandidates: Int

        init(_ options: PostProcOptions) {
            (boxThresh, maxCandidates) = (options.boxThresh, options.maxCandidates)
        }

        static func < (one: Choice, other: Choice) -> Bool {
            (one.boxThresh, one.maxCandidates) < (other.boxThresh, other.maxCandidates)
        }
    }

    /// In the order of their first points.
    let groups: [Group]
    /// Where each point of the sweep stands among the groups' choices, group after group.
    let places: [Int32]
    /// How many choices there are in all; points that come to the same post-processing share one.
    let choiceCount: Int

    init(_ points: some Collection<Setting>) {
        var groupOf: [CandidateOptions: Int] = [:]
        var options: [CandidateOptions] = []
        var choices: [[Choice]] = []
        for point in points {
            let resolved = point.resolved
            let group = groupOf[CandidateOptions(resolved), default: options.count]
            if group == options.count {
                options.append(CandidateOptions(resolved))
                groupOf[options[group]] = group
                choices.append([])
            }
            choices[group].append(Choice(resolved))
        }
        // On a grid all groups have the same choices, and share the room for them.
        var shared: Set<[Choice]> = []
        var starts: [Int] = []
        var count = 0
        for group in choices.indices {
            choices[group] = shared.insert(Array(Set(choices[group])).sorted()).memberAfterInsert
            starts.append(count)
            count += choices[group].count
        }
        choiceCount = count
        groups = zip(options, choices).map(Group.init)
        places = points.map { point in
            let resolved = point.resolved
            let group = groupOf[CandidateOptions(resolved)] ?? 0
            let choice = Choice(resolved)
            return Int32(starts[group] + choices[group].partitionPoint { $0 >= choice })
        }
    }
}
