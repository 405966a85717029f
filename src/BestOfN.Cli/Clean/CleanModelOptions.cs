using System.CommandLine;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>Options of the commands that score.</summary>
internal static class CleanModelOptions
{
    public static Option<string> Shard()
    {
        var shard = new Option<string>("--shard")
        {
            Description = "INDEX/COUNT: one of several equal parts, for as many processes. Equal records are in one part.",
            DefaultValueFactory = _ => "0/1",
        };
        shard.Validators.Add(result =>
        {
            if (Data.Cleaning.Shard.Parse(result.GetValueOrDefault<string>() ?? "") is null)
            {
                result.AddError("--shard: expected INDEX/COUNT, such as 0/4 for the first of four.");
            }
        });
        return shard;
    }

    /// <exception cref="InvalidDataException">The options need all records in one process.</exception>
    public static void CheckShard(Corpus corpus, Shard shard)
    {
        if (corpus.Options.NearDuplicates && shard.Count > 1)
        {
            throw new InvalidDataException("--near-duplicates compares all records, but records that are alike lie in different shards");
        }
    }
}
