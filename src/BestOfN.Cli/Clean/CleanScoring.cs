using BestOfN.Cli.Hosting;
using BestOfN.Core.Rewards;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>The two long passes, with their progress: checking and scoring.</summary>
internal static class CleanScoring
{
    /// <summary>The index of a shard, which is checked anew unless it was saved.</summary>
    /// <param name="terminal">Where progress goes.</param>
    /// <param name="corpus">The corpus.</param>
    /// <param name="shard">Its part.</param>
    /// <param name="path">Where the index is saved; null: nowhere.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static async Task<CorpusIndex> IndexAsync(
        CommandTerminal terminal, Corpus corpus, Shard shard, string? path, CancellationToken cancellationToken)
    {
        if (path is not null && await Task.Run(() => CorpusIndex.Load(path, corpus, shard), cancellationToken) is { } saved)
        {
            terminal.Tell($"{Amounts.Count(saved.Count, "record")} were checked in an earlier run");
            return saved;
        }

        var records = await Task.Run(() => corpus.Count(cancellationToken), cancellationToken);
        return await terminal.WithProgressAsync("checking records", records, progress => Task.Run(
            () =>
            {
                var index = CorpusIndex.Of(corpus, shard, progress, cancellationToken);
                if (path is not null)
                {
                    index.Save(path, corpus, shard);
                }

                return index;
            },
            cancellationToken));
    }

    public static async Task RunAsync(
        CommandTerminal terminal, Corpus corpus, CorpusIndex index, CleanJudge judge, Shard shard, string scores,
        CancellationToken cancellationToken)
    {
        var begun = terminal.Time.GetTimestamp();
        try
        {
            var (scored, kept) = await terminal.WithProgressAsync("scoring records", index.Count, progress => Task.Run(
                () => new CorpusScoring(judge.Model, judge.Digest).RunAsync(
                    corpus, index, scores, shard,
                    before => terminal.Tell($"{scores} has {Amounts.Count(before, "record")} of an earlier run; going on behind them"),
                    progress, cancellationToken),
                cancellationToken));
            var time = terminal.Time.GetElapsedTime(begun);
            terminal.Tell($"{scores}: {Amounts.Count(scored, "record")} scored, {kept} in an earlier run; {Amounts.Time(time)}"
                + (judge.ComputedTokens is { } tokens
                    ? $", {Amounts.Count(tokens, "token")}, {Amounts.Rate(tokens / time.TotalSeconds)} tokens/s" : ""));
        }
        catch (Exception e) when (e is OperationCanceledException or ScoringFailedException)
        {
            terminal.Tell($"{scores} keeps the records that are done; the same command goes on behind them");
            throw;
        }
    }
}
