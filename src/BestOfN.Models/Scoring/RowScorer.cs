using System.Buffers;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Models.Prompts;

namespace BestOfN.Models.Scoring;

/// <summary>Scores a file of JSON lines. Rows of one window that share a prompt are one session; windows reuse each other's prompts through the cache.</summary>
/// <remarks>
/// Output keeps the order of the input. It grows in <c>FILE.partial</c> and takes its name when it is whole; a run that was broken off
/// goes on behind the rows that are there.
/// </remarks>
/// <param name="engine">The model.</param>
/// <param name="window">Rows in work at the same time.</param>
public sealed class RowScorer(ScoringEngine engine, int window = 128)
{
    private const int ShortestSharedPrompt = 16;

    /// <summary>Scores all rows that the output does not hold yet.</summary>
    /// <param name="rows">What to score.</param>
    /// <param name="output">The file to make; null: lines go to <paramref name="standardOutput"/>.</param>
    /// <param name="standardOutput">Written to where there is no file.</param>
    /// <param name="progress">Told how many rows are done, those that were there included.</param>
    /// <param name="cancellationToken">What is done stays in the partial file.</param>
    /// <exception cref="ScoringFailedException">A row cannot be scored. The message names file and line; rows before it are in the partial file.</exception>
    public async Task RunAsync(
        ScoringRowFile rows, string? output, TextWriter standardOutput, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (output is null)
        {
            await ScoreAsync(rows, [], standardOutput, progress, cancellationToken);
            return;
        }

        var partial = output + ".partial";
        var done = Resume(output, partial);
        await using (var writer = new StreamWriter(partial, append: true, new UTF8Encoding(false)))
        {
            await ScoreAsync(rows, done, writer, progress, cancellationToken);
        }

        File.Move(partial, output, overwrite: true);
    }

    /// <summary>Ids that need not be scored again. The partial file keeps its whole lines; without one it begins with a finished output of before.</summary>
    private static HashSet<string> Resume(string output, string partial)
    {
        var source = File.Exists(partial) ? partial : output;
        if (!File.Exists(source))
        {
            return [];
        }

        var done = new HashSet<string>();
        var clean = partial + ".new";
        using (var writer = new StreamWriter(clean, append: false, new UTF8Encoding(false)))
        {
            foreach (var line in File.ReadLines(source))
            {
                if (ScoringRow.IdOf(line) is { } id && done.Add(id))
                {
                    writer.Write(line + "\n");
                }
            }
        }

        File.Move(clean, partial, overwrite: true);
        return done;
    }

    private async Task ScoreAsync(
        ScoringRowFile file, HashSet<string> done, TextWriter writer, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var open = file.Read().Where(r => !done.Contains(r.Id));
        var finished = file.Count - open.Count();
        progress?.Report(finished);
        foreach (var rows in open.Chunk(window))
        {
            var groups = Group(rows);
            var scored = groups.ToDictionary(g => g, g => ScoreAsync(g, cancellationToken));
            await Task.WhenAll(scored.Values.Select(t => t.ContinueWith(_ => { }, TaskScheduler.Default)));   // neighbours of a bad row are finished, too
            var results = scored.SelectMany(g => g.Key.Rows.Select((row, i) => (Row: row, Group: g.Value, Index: i))).OrderBy(r => r.Row.Line);
            try
            {
                foreach (var (row, group, index) in results)
                {
                    var rewards = await Named(file.Path, row, group);
                    await writer.WriteAsync(Line(row, rewards[index]) + "\n");
                }
            }
            finally
            {
                await writer.FlushAsync(CancellationToken.None);
            }

            progress?.Report(finished += rows.Length);
        }
    }

    private static async Task<AnswerReward[][]> Named(string input, ScoringRow row, Task<AnswerReward[][]> rewards)
    {
        try
        {
            return await rewards;
        }
        catch (ScoringFailedException e)
        {
            throw new ScoringFailedException($"{input}, line {row.Line}: {e.Message}", e);
        }
    }

    private async Task<AnswerReward[][]> ScoreAsync(RowGroup group, CancellationToken cancellationToken)
    {
        if (group.PromptIds is { } promptIds)
        {
            await using var ids = engine.Begin(promptIds);
            var ofIds = await ids.RewardAsync([.. group.Rows.Select(r => r.InputIds!)], cancellationToken);
            return [.. ofIds.Select(r => new[] { r })];
        }

        await using var session = engine.Begin(Seen(group.Rows[0].Prompt));
        var answers = group.Rows.SelectMany(r => r.Answers).Select((text, i) => new Answer(i, text)).ToArray();
        var rewards = await session.RewardAsync(answers, cancellationToken);
        var ofRows = new List<AnswerReward[]>();
        var next = 0;
        foreach (var row in group.Rows)
        {
            ofRows.Add([.. rewards.Skip(next).Take(row.Answers.Count)]);
            next += row.Answers.Count;
        }

        return [.. ofRows];
    }

    private static string Identity(ContentPart part) => part switch
    {
        TextPart text => "text " + text.Text,
        RowPicture file => $"file {file.IsVideo} {file.Path}",
        _ => PictureKey.Of(part, 0).ToString(),
    };

    private static Prompt Seen(IReadOnlyList<ChatMessage> prompt)
    {
        try
        {
            return new Prompt([.. prompt.Select(m => m with { Parts = [.. m.Parts.Select(p => p is RowPicture file ? file.Read() : p)] })]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScoringFailedException(e.Message, e);
        }
    }

    /// <summary>Rows of one prompt together; rows of token ids by the beginning they have in common.</summary>
    private static List<RowGroup> Group(ScoringRow[] rows)
    {
        var groups = rows.Where(r => r.InputIds is null)
            .GroupBy(r => JsonSerializer.Serialize(r.Prompt.Select(m => m.Parts.Select(Identity).Prepend(m.Role))))
            .Select(g => new RowGroup([.. g], null)).ToList();
        var ofIds = new List<ScoringRow>();
        var shared = 0;
        foreach (var row in rows.Where(r => r.InputIds is not null).OrderBy(r => r.InputIds!, Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))))
        {
            var common = ofIds.Count == 0 ? 0 : Math.Min(shared, row.InputIds.AsSpan().CommonPrefixLength(ofIds[^1].InputIds));
            if (ofIds.Count > 0 && common < Math.Max(ShortestSharedPrompt, shared / 2))
            {
                groups.Add(new RowGroup([.. ofIds], ofIds.Count == 1 ? [] : ofIds[0].InputIds![..shared]));
                ofIds.Clear();
            }

            shared = ofIds.Count == 0 ? row.InputIds!.Length : common;
            ofIds.Add(row);
        }

        if (ofIds.Count > 0)
        {
            groups.Add(new RowGroup([.. ofIds], ofIds.Count == 1 ? [] : ofIds[0].InputIds![..shared]));
        }

        return groups;
    }

    private string Line(ScoringRow row, AnswerReward[] rewards)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName("id");
            json.WriteRawValue(row.Id);
            if (row.HasCandidates)
            {
                WriteList(json, "scores", rewards.Select(r => r.Score));
            }
            else
            {
                json.WriteNumber("score", (float)rewards[0].Score);
            }

            if (engine.ScoresSteps && row.HasCandidates)
            {
                json.WriteStartArray("steps");
                foreach (var reward in rewards)
                {
                    WriteList(json, null, reward.Steps);
                }

                json.WriteEndArray();
            }
            else if (engine.ScoresSteps)
            {
                WriteList(json, "steps", rewards[0].Steps);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteList(Utf8JsonWriter json, string? name, IEnumerable<double> values)
    {
        if (name is not null)
        {
            json.WritePropertyName(name);
        }

        json.WriteStartArray();
        foreach (var value in values)
        {
            json.WriteNumberValue((float)value);   // float32 is what the network gave; more digits would be noise
        }

        json.WriteEndArray();
    }

    /// <summary>Rows scored in one session; prompt ids where they hold token ids.</summary>
    private sealed record RowGroup(IReadOnlyList<ScoringRow> Rows, int[]? PromptIds);
}
