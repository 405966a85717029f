namespace BestOfN.Data.Samples;

/// <summary>Why a prompt gives no pair.</summary>
public enum NoPair
{
    /// <summary>Fewer than two answers have a score and text.</summary>
    TooFewScores,

    /// <summary>Every answer was cut off, so none may be chosen.</summary>
    NoFinishedAnswer,

    /// <summary>All answers say the same.</summary>
    SameAnswers,

    /// <summary>The scores differ by less than the margin.</summary>
    TooClose,

    /// <summary>Every better answer is much longer than the worse ones.</summary>
    TooLong,

    /// <summary>The same pair, or the two answers the other way round, stands in an earlier line.</summary>
    Repeated,

    /// <summary>The format has no place for something of the prompt: a video, an image, the role of a message.</summary>
    NoPlaceInFormat,
}
