namespace BestOfN.Benchmarks.Cleaning;

/// <summary>A kind of noise that is planted in a corpus.</summary>
internal enum CorpusNoise
{
    None,

    /// <summary>The image of another problem of the same family, in which the answer is wrong.</summary>
    SwappedImage,

    /// <summary>The answer to another problem of the same family, which is wrong here.</summary>
    SwappedAnswer,

    /// <summary>The first half of the answer.</summary>
    CutAnswer,

    /// <summary>The characters of the answer in another order, in which they are wrong.</summary>
    ShuffledAnswer,

    /// <summary>A copy of an earlier record.</summary>
    Duplicate,

    /// <summary>The image's file is not there.</summary>
    MissingImage,

    /// <summary>The image's file ends early.</summary>
    BrokenImage,
}
