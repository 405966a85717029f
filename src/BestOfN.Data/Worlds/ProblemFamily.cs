namespace BestOfN.Data.Worlds;

/// <summary>What a problem asks for.</summary>
public enum ProblemFamily
{
    /// <summary>Which two of these numbers add up to a total?</summary>
    Pair,

    /// <summary>Which way leads from one place to another along one-way streets?</summary>
    Route,

    /// <summary>Which order satisfies these conditions?</summary>
    Order,

    /// <summary>Which number is on a card of a picture?</summary>
    Reading,

    /// <summary>How many dots are on a card of a picture?</summary>
    Counting,

    /// <summary>Which of the labelled fields of a picture has a symbol?</summary>
    Position,

    /// <summary>Which two of the numbers in a video add up to a total?</summary>
    FrameSum,

    /// <summary>In what order do the frames of a video belong?</summary>
    FrameOrder,
}
