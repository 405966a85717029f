namespace BestOfN.Data.Cleaning;

/// <summary>Why a record is dropped, in the order in which the reasons are listed.</summary>
public enum DropReason
{
    /// <summary>No JSON, a wrong type, or no known field with a conversation.</summary>
    Unreadable,
    NoAnswer,
    RoleOrder,
    EmptyAnswer,
    PlaceholderMismatch,
    MissingImage,
    BrokenImage,
    SpecialToken,
    Garbled,
    Repetition,
    Duplicate,
    NearDuplicate,
    Unscored,
    LowReward,

    /// <summary>The answer does not profit from its own image.</summary>
    IrrelevantImage,
}
