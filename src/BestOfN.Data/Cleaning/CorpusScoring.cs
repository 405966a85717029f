using System.Globalization;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Sampling;

namespace BestOfN.Data.Cleaning;

/// <summary>Scores every answer of every record that passes the checks, each after all that was said before it.</summary>
/// <remarks>
/// Lines are added to a file of scores and never changed: a run that ends at any moment loses only the records under way. Answers of a
/// record share what comes before them through the reward model's cache; its images are encoded once.
/// </remarks>
/// <param name="model">The reward model.</param>
/// <param name="judge">What decides a score beside the record: a short digest of model and options. Lines of another judge do not
/// count.</param>
/// <param name="window">Records in work at the same time.</param>
public sealed class CorpusScoring(IRewardModel model, string judge, int window = 32)
{
    /// <summary>Why a line has no score although the reward model works: the conversation is longer than it reads.</summary>
    internal const string TooLong = "too_long";

    // How many records of a source are remembered, for images and answers that are swapped.
    private const int Others = 16;

    /// <param name="corpus">The corpus.</param>
    /// <param name="index">Its index.</param>
    /// <param name="scores">The file that grows.</param>
    /// <param name="shard">Which records are scored.</param>
    /// <param name="resumed">Told before the work how many records have been scored in an earlier run, if any.</param>
    /// <param name="progress">Told how many records of the corpus are done or need no score.</param>
    /// <param name="cancellationToken">Records that are done stay in the file.</param>
    /// <returns>How many records were scored now, and how many had been before.</returns>
    /// <exception cref="InvalidDataException">The file of scores was written by something else.</exception>
    public async Task<(int Scored, int Kept)> RunAsync(
        Corpus corpus, CorpusIndex index, string scores, Shard shard, Action<int>? resumed, IProgress<int>? progress,
            CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(shard);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(scores))!);
        await using var output = new FileStream(scores, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        CutBrokenLine(output);
        var done = ScoredLines.Read(scores, judge, index);
        output.Seek(0, SeekOrigin.End);
        if (done.CountIn(shard) is var before and > 0)
        {
            resumed?.Invoke(before);
        }

        var (scored, kept, at) = (0, 0, 0);
        var recent = new RecentRecords(Others);
        var running = new Queue<(int Record, Task<string> Lines)>();

        // A server that cannot be reached says nothing about its record: the run ends, and with it all that is under way.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            foreach (var (part, piece) in corpus.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var record = at++;
                if (!index.ReasonsOf(record).IsEmpty || !index.IsIn(shard, record))
                {
                    continue;
                }

                var content = CorpusRecord.Read(piece, corpus.Options)!;
                var work = new Work(record, index.KeyOf(record), content, part.Images, corpus.Options, !done.HasTurns(record))
                {
                    Others = corpus.Options.Grounding > 0 || corpus.Options.Plant > 0 ? recent.Of(index.SourceNumberOf(record)) : [],
                    WantsGrounding = corpus.Options.Grounding > 0 && !done.HasGrounding(record),
                    WantsNoise = !done.HasNoise(record),
                };
                recent.Add(index.SourceNumberOf(record), content);
                (scored, kept) = work.WantsTurns ? (scored + 1, kept) : (scored, kept + 1);
                running.Enqueue((at, ScoreAsync(work, end.Token)));
                if (running.Count >= window)
                {
                    await WriteAsync();
                }
            }

            while (running.Count > 0)
            {
                await WriteAsync();
            }
        }
        finally
        {
            await end.CancelAsync();
            foreach (var (_, lines) in running)
            {
                await ((Task)lines).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        progress?.Report(at);
        return (scored, kept);

        // In the order of records, so that the file is the same whatever is done first.
        async Task WriteAsync()
        {
            var (read, lines) = running.Dequeue();
            output.Write(Encoding.UTF8.GetBytes(await lines));
            output.Flush();
            progress?.Report(read);
        }
    }

    private async Task<string> ScoreAsync(Work work, CancellationToken cancellationToken)
    {
        var lines = new StringBuilder();
        if (work.Options.Plant > 0 && work.WantsNoise)
        {
            lines.Append(await PlantAsync(work, cancellationToken));
        }

        var first = double.NaN;
        if (work.WantsTurns || work.WantsGrounding)
        {
            var conversation = Conversation.Of(work.Content, work.Files);
            foreach (var (number, turn) in work.Content.Judged.Index())
            {
                var (score, error) = await ScoreAsync(conversation, work.Content, turn, cancellationToken);
                first = number == 0 ? score ?? double.NaN : first;
                if (work.WantsTurns)
                {
                    lines.Append(Line(work, number, Score(score, error)));
                }
                else
                {
                    break;
                }
            }
        }

        if (work.WantsGrounding && double.IsFinite(first))
        {
            lines.Append(await GroundAsync(work, first, cancellationToken));
        }

        return lines.ToString();
    }

    private async Task<string> PlantAsync(Work work, CancellationToken cancellationToken)
    {
        var random = new SplitMix64(work.Options.Seed, work.Key);
        if ((random.Next() >> 11) * Math.ScaleB(1, -53) >= work.Options.Plant
            || PlantedNoise.Spoil(work.Content, work.Others, random) is not (var kind, { } spoiled))
        {
            return "";
        }

        var turn = spoiled.Judged.First();
        var (score, error) = await ScoreAsync(Conversation.Of(spoiled, work.Files), spoiled, turn, cancellationToken);
        return Line(
            work, 0, string.Create(CultureInfo.InvariantCulture,
                $"\"noise\": \"{kind}\", \"length\": {AnswerText.Length(spoiled.Turns[turn].Text)}, ")
            + Score(score, error));
    }

    // The first answer's score, less its mean score with the images of other records.
    private async Task<string> GroundAsync(Work work, double own, CancellationToken cancellationToken)
    {
        if (work.Content.Images.Count != 1)
        {
            return "";
        }

        var others = work.Others.Where(other => other.Images.Count == 1 && other.Images[0].Name != work.Content.Images[0].Name)
            .Take(work.Options.Grounding).ToArray();
        var sum = 0.0;
        foreach (var other in others)
        {
            var shown = work.Content with { Images = other.Images };
            var (score, _) = await ScoreAsync(Conversation.Of(shown, work.Files), shown, shown.Judged.First(), cancellationToken);
            sum += score ?? double.NaN;
        }

        return others.Length == work.Options.Grounding && double.IsFinite(sum)
            ? Line(work, 0, $"\"grounding\": {Number(own - (sum / others.Length))}") : "";
    }

    private async Task<(double? Score, string? Error)> ScoreAsync(
        Conversation conversation, CorpusRecord record, int turn, CancellationToken cancellationToken)
    {
        if (conversation.Error is { } unreadable)
        {
            return (null, unreadable);
        }

        if (!model.AcceptsPictures && record.Images.Count > 0)
        {
            return (null, "The reward model is shown text alone.");
        }

        try
        {
            await using var session = model.Begin(new Prompt([.. conversation.Messages.Take(turn)]));
            Answer[] answers = record.Rejected is { } rejected ? [new(0, record.Turns[turn].Text), new(1, rejected)]
                : [new(0, record.Turns[turn].Text)];
            var scores = await session.ScoreAsync(answers, cancellationToken);
            return scores switch
            {
                [{ } better, { } worse] => Finite(better.Value - worse.Value),
                [{ } score] => Finite(score.Value),
                _ => (null, TooLong),
            };
        }
        catch (ScoringFailedException e) when (!e.IsOutage)
        {
            return (null, e.Failure.IsPromptTooLong ? TooLong : e.Message);
        }
    }

    private static (double? Score, string? Error) Finite(double score) =>
        double.IsFinite(score) ? (score, null) : (null, "The reward model gave no finite score.");

    private string Line(Work work, int turn, string content) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"record\": {work.Record}, \"turn\": {turn}, {content}, \"key\": \"{work.Key:x16}\", \"judge\": \"{judge}\"}}\n");

    private static string Score(double? score, string? error) =>
        score is { } value ? $"\"score\": {Number(value)}" : $"\"score\": null, \"error\": {JsonSerializer.Serialize(error)}";

    private static string Number(double value) => ((float)value).ToString("R", CultureInfo.InvariantCulture);

    // What follows the last whole line was under way when a run ended.
    private static void CutBrokenLine(FileStream file)
    {
        var length = file.Length;
        while (length > 0)
        {
            file.Position = length - 1;
            if (file.ReadByte() == '\n')
            {
                break;
            }

            length--;
        }

        file.SetLength(length);
    }

    /// <summary>A record to be scored.</summary>
    private sealed record Work(
        int Record, ulong Key, CorpusRecord Content, ImageFiles Files, CleaningOptions Options, bool WantsTurns)
    {
        public IReadOnlyList<CorpusRecord> Others { get; init; } = [];

        public bool WantsGrounding { get; init; }

        public bool WantsNoise { get; init; }
    }

    /// <summary>The messages of a record, or why there are none.</summary>
    private readonly record struct Conversation(IReadOnlyList<ChatMessage> Messages, string? Error)
    {
        public static Conversation Of(CorpusRecord record, ImageFiles files)
        {
            try
            {
                return new(JudgedConversation.Of(record, files), null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                return new([], e.Message);
            }
        }
    }
}
