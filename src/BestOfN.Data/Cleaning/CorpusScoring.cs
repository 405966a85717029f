using System.Globalization;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

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
public sealed class CorpusScoring(IRewardModel model, string judge, int window = 16)
{
    /// <summary>Why a line has no score although the reward model works: the conversation is longer than it reads.</summary>
    internal const string TooLong = "too_long";

    /// <param name="input">The corpus.</param>
    /// <param name="scores">The file that grows.</param>
    /// <param name="options">How records are read and checked.</param>
    /// <param name="shard">Which records are scored.</param>
    /// <param name="progress">Told how many records of the corpus are done or need no score.</param>
    /// <param name="cancellationToken">Records that are done stay in the file.</param>
    /// <returns>How many records were scored now, and how many had been before.</returns>
    public async Task<(int Scored, int Kept)> RunAsync(
        string input, string scores, CleaningOptions options, Shard shard, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(shard);
        input = Path.GetFullPath(input);
        var files = options.ImagesOf(input);
        var file = new CorpusFile(input);
        var index = CorpusIndex.Of(file, Path.GetFileName(input), options, new RecordChecks(options, files), null, cancellationToken);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(scores))!);
        await using var output = new FileStream(scores, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        CutBrokenLine(output);
        var done = Done(scores, index);
        output.Seek(0, SeekOrigin.End);

        var (scored, kept, at) = (0, 0, 0);
        var waiting = new List<(int Record, CorpusRecord Content)>();
        foreach (var piece in file.Read())
        {
            var record = at++;
            if (index.ReasonsOf(record).IsEmpty && shard.Has(index.KeyOf(record)))
            {
                if (done.Contains(record))
                {
                    kept++;
                }
                else
                {
                    waiting.Add((record, CorpusRecord.Read(piece.Content.Span, options)!));
                }
            }

            if (waiting.Count == window)
            {
                await FlushAsync();
                progress?.Report(at);
            }
        }

        await FlushAsync();
        progress?.Report(at);
        return (scored, kept);

        async Task FlushAsync()
        {
            var lines =
                await Task.WhenAll(waiting.Select(w => ScoreAsync(w.Record, index.KeyOf(w.Record), w.Content, files, cancellationToken)));
            output.Write(Encoding.UTF8.GetBytes(string.Concat(lines)));
            output.Flush();
            scored += waiting.Count;
            waiting.Clear();
        }
    }

    private async Task<string> ScoreAsync(
        int record, ulong key, CorpusRecord content, ImageFiles files, CancellationToken cancellationToken)
    {
        var lines = new StringBuilder();
        IReadOnlyList<ChatMessage> messages = [];
        var unreadable = "";
        try
        {
            messages = JudgedConversation.Of(content, files);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            unreadable = e.Message;
        }

        var turn = 0;
        for (var i = 0; i < content.Turns.Count; i++)
        {
            if (content.Turns[i].Role == "assistant")
            {
                var (score, error) = unreadable.Length > 0 ? (null, unreadable)
                    : await ScoreAsync(new Prompt([.. messages.Take(i)]), content.Turns[i].Text, cancellationToken);
                lines.Append(CultureInfo.InvariantCulture, $"{{\"record\": {record}, \"turn\": {turn++}, \"score\": ");
                lines.Append(
                    score is { } value ? ((float)value).ToString("R", CultureInfo.InvariantCulture)
                        : $"null, \"error\": {JsonSerializer.Serialize(error)}");
                lines.Append(CultureInfo.InvariantCulture, $", \"key\": \"{key:x16}\", \"judge\": \"{judge}\"}}\n");
            }
        }

        return lines.ToString();
    }

    private async Task<(double? Score, string? Error)> ScoreAsync(Prompt prompt, string answer, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = model.Begin(prompt);
            return (await session.ScoreAsync([new Answer(0, answer)], cancellationToken))[0] is { } score ? (score.Value, null)
                : (null, TooLong);
        }
        catch (ScoringFailedException e)
        {
            return (null, e.Failure.IsPromptTooLong ? TooLong : e.Message);
        }
    }

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

    private HashSet<int> Done(string scores, CorpusIndex index)
    {
        var turns = new Dictionary<int, int>();
        using var reader = new StreamReader(new FileStream(scores, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            try
            {
                var row = JsonElement.Parse(line);
                var record = row.GetProperty("record").GetInt32();
                if (record < index.Count && row.GetProperty("judge").GetString() == judge
                    && row.GetProperty("key").GetString() == index.KeyOf(record).ToString("x16", CultureInfo.InvariantCulture))
                {
                    turns[record] = turns.GetValueOrDefault(record) + 1;
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InvalidDataException($"{scores}: not a file of scores that this command wrote", e);
            }
        }

        return [.. turns.Where(t => t.Value >= index.AnswersOf(t.Key)).Select(t => t.Key)];
    }
}
