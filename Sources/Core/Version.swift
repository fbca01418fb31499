/// The version of this tool.
public enum Version {
    /// As `submit --version` prints it.
    public static let text = "0.1.0"
}
