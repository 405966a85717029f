using System.Buffers;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inputs.Records;

namespace BestOfN.Inference.Scoring;

/// <summary>
/// Scores a file of JSON lines. Rows of one window that share a prompt are one session; windows reuse each other's prompts through the
/// cache.
/// </summary>
/// <remarks>Output keeps the order of the input.</remarks>
/// <param name="engine">The model.</param>
/// <param name="window">Rows in work at the same time.</param>
public sealed class RowScorer(ScoringEngine engine, int window = 128)
{
    private const int ShortestSharedPrompt = 16;

    /// <summary>Scores all rows that the output does not hold yet.</summary>
    /// <param name="rows">What to score.</param>
    /// <param name="output">The file to make; null: lines go to <paramref name="standardOutput"/>.</param>
    /// <param name="standardOutput">Written to where there is no file.</param>
    /// <param name="options">What to do about rows that cannot be scored, and about what another run left.</param>
    /// <param name="progress">Told how many rows are done, those that were there included.</param>
    /// <param name="cancellationToken">Ends the run; scores that were computed stay in the partial file.</param>
    /// <exception cref="ScoringFailedException">A row cannot be scored, and that ends the run. The message names file and line; rows before
    /// it are in the partial file.</exception>
    /// <exception cref="InvalidDataException">The partial file was left by another run.</exception>
    public async Task<RowScoringSummary> RunAsync(
        ScoringRowFile rows,
        ScoreFile? output,
        TextWriter standardOutput,
        RowScoringOptions options,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(options);
        var (kept, failed) = output?.Resume(
            options.Fingerprint ?? throw new ArgumentException("A file needs a fingerprint.", nameof(options)), rows, options.StartsAnew,
            options.SkipsBadRows) ?? (0, 0);
        var done = kept;
        progress?.Report(done);
        foreach (var chunk in rows.Read().Skip(kept).Chunk(window))
        {
            var groups = Group(chunk);
            var scored = groups.ToDictionary(g => g, g => ScoreAsync(g, cancellationToken));
            // Neighbours of a bad row are finished, too.
            await Task.WhenAll(scored.Values.Select(t => t.ContinueWith(_ => { }, TaskScheduler.Default)));
            var results = scored.SelectMany(g => g.Key.Rows.Select((row, i) => (Row: row, Group: g.Value, Index: i)))
                .ToDictionary(r => r.Row.Line, r => (r.Group, r.Index));
            try
            {
                foreach (var row in chunk)
                {
                    var outcome = row.Error is { } error
                        ? new RowOutcome(null, error)
                        : (await results[row.Line].Group)[results[row.Line].Index];
                    if (outcome.Error is { } reason)
                    {
                        var named = ScoringRow.Sentence(rows.Path, row.Line, reason);
                        if (!options.SkipsBadRows)
                        {
                            throw new ScoringFailedException(named);
                        }

                        failed++;
                        options.Failed?.Invoke(named);
                    }

                    var line = Line(row, outcome);
                    if (output is not null)
                    {
                        output.Append(row, line);
                    }
                    else
                    {
                        await standardOutput.WriteAsync(line + "\n");
                    }

                    done++;
                }
            }
            finally
            {
                output?.Flush();
                await standardOutput.FlushAsync(CancellationToken.None);
            }

            progress?.Report(done);
        }

        output?.Finish();
        return new RowScoringSummary(done, kept, failed);
    }

    // What fails together is tried one by one, so that the row that is to blame is named, and no other.
    private async Task<RowOutcome[]> ScoreAsync(RowGroup group, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await RewardAsync(group, cancellationToken)).Select(Finite)];
        }
        catch (ScoringFailedException e) when (group.Rows.Count == 1)
        {
            return [new RowOutcome(null, e.Message)];
        }
        catch (ScoringFailedException)
        {
            var outcomes = new List<RowOutcome>();
            foreach (var row in group.Rows)
            {
                outcomes.AddRange(await ScoreAsync(new RowGroup([row], group.PromptIds is null ? null : []), cancellationToken));
            }

            return [.. outcomes];
        }
    }

    private static RowOutcome Finite(AnswerReward[] rewards)
    {
        var strange = rewards.SelectMany(r => r.Steps.Append(r.Score)).Select(r => (float)r).FirstOrDefault(r => !float.IsFinite(r));
        return float.IsFinite(strange)
            ? new RowOutcome(rewards, null)
            : new RowOutcome(null, $"The model's score is {strange}, which is no number to compare by");
    }

    private async Task<AnswerReward[][]> RewardAsync(RowGroup group, CancellationToken cancellationToken)
    {
        if (group.PromptIds is { } promptIds)
        {
            await using var ids = engine.Begin(promptIds);
            var ofIds = await ids.RewardAsync([.. group.Rows.Select(r => r.InputIds!)], cancellationToken);
            return [.. ofIds.Select(r => new[] { r })];
        }

        await using var session = engine.Begin(Seen(group.Rows[0].Prompt));
        var answers = group.Rows.SelectMany(r => r.Answers.Select(text => (Text: text, r.AnswerFields)))
            .Select((answer, i) => new Answer(i, answer.Text) { Fields = answer.AnswerFields }).ToArray();
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
        MediaFilePart file => $"file {file.IsVideo} {file.Path}",
        _ => ImageKey.Of(part, 0).ToString(),
    };

    private static Prompt Seen(IReadOnlyList<ChatMessage> prompt)
    {
        try
        {
            return MediaFilePart.ReadAll(prompt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScoringFailedException(e.Message, e);
        }
    }

    /// <summary>Rows of one prompt together; rows of token ids by the beginning they have in common.</summary>
    private static List<RowGroup> Group(ScoringRow[] rows)
    {
        var groups = rows.Where(r => r is { Error: null, InputIds: null })
            .GroupBy(r => JsonSerializer.Serialize(r.Prompt.Select(m =>
                m.Parts.Select(Identity).Concat(m.Fields.Select(f => $"{f.Key} {f.Value.GetRawText()}")).Prepend(m.Role))))
            .Select(g => new RowGroup([.. g], null)).ToList();
        var ofIds = new List<ScoringRow>();
        var shared = 0;
        foreach (var row in rows.Where(r => r is { Error: null, InputIds: not null })
            .OrderBy(r => r.InputIds!, Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))))
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

    private string Line(ScoringRow row, RowOutcome outcome)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName("id");
            json.WriteRawValue(row.Id);
            if (outcome.Rewards is not { } rewards)
            {
                json.WriteString("error", outcome.Error);
            }
            else if (row.HasCandidates)
            {
                WriteList(json, "scores", rewards.Select(r => r.Score));
            }
            else
            {
                json.WriteNumber("score", (float)rewards[0].Score);
            }

            if (outcome.Rewards is { } stepped && engine.ScoresSteps)
            {
                if (row.HasCandidates)
                {
                    json.WriteStartArray("steps");
                    foreach (var reward in stepped)
                    {
                        WriteList(json, null, reward.Steps);
                    }

                    json.WriteEndArray();
                }
                else
                {
                    WriteList(json, "steps", stepped[0].Steps);
                }
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

    /// <summary>Rewards of a row's answers, or why there are none.</summary>
    private sealed record RowOutcome(AnswerReward[]? Rewards, string? Error);
}
