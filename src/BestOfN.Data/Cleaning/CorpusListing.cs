namespace BestOfN.Data.Cleaning;

/// <summary>A file that lists files of records.</summary>
internal abstract class CorpusListing(string name)
{
    /// <summary>What its output is called.</summary>
    public string Name { get; } = name;

    /// <summary>The files that it lists.</summary>
    public abstract IEnumerable<CorpusPart> Open(string path, CleaningOptions options);

    /// <summary>The same list for what is kept.</summary>
    /// <param name="counts">By the name of each part: how many records it has, and how many are kept.</param>
    public abstract byte[] Write(IReadOnlyDictionary<string, (int Records, int Kept)> counts);
}
