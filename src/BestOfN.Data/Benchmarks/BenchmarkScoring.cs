using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Records;

namespace BestOfN.Data.Benchmarks;

/// <summary>Scores the rows of a benchmark, each prompt once with all its answers.</summary>
/// <param name="benchmark">Makes the prompts and the answers of each row.</param>
/// <param name="judge">The reward model.</param>
/// <param name="window">Rows in work at the same time.</param>
public sealed class BenchmarkScoring(IBenchmark benchmark, IBenchmarkJudge judge, int window = 32)
{
    /// <summary>The member of a row of scores that says of which row of the data it is.</summary>
    internal const string Digest = "row_sha256";

    /// <summary>Scores all rows that the file does not hold yet.</summary>
    /// <param name="rows">The data.</param>
    /// <param name="file">Grows row by row; null: scores are kept in memory alone.</param>
    /// <param name="progress">Told how many rows are done, those that were there included.</param>
    /// <param name="cancellationToken">Ends the run; finished rows stay in the file.</param>
    /// <returns>Rows of scores, in the order of the data.</returns>
    /// <exception cref="InvalidDataException">A row is not as published.</exception>
    public async Task<IReadOnlyList<BenchmarkRow>> RunAsync(
        IReadOnlyList<BenchmarkRow> rows, ResumableLines? file, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        foreach (var row in rows.Where(row => row.Images.Count == 0))
        {
            benchmark.Ask(row);   // a malformed row is an error before hours of work
        }

        var scored = new List<JsonElement>();
        file?.Resume(rows.Select(row => IsScoreOf(DigestOf(benchmark.Ask(row)))), scored.Add);
        progress?.Report(scored.Count);
        foreach (var chunk in rows.Skip(scored.Count).Chunk(window))
        {
            var lines = await Task.WhenAll(chunk.Select(row => ScoreAsync(row, cancellationToken)));
            file?.Append(lines);
            scored.AddRange(lines.Select(line => JsonSerializer.SerializeToElement(line)));
            progress?.Report(scored.Count);
        }

        file?.Finish();
        return [.. scored.Select((line, i) => new BenchmarkRow(line, file?.Path ?? "scores", i + 1))];
    }

    private async Task<JsonObject> ScoreAsync(BenchmarkRow row, CancellationToken cancellationToken)
    {
        var question = benchmark.Ask(row);
        JsonObject line;
        try
        {
            var answers = await judge.ScoreAsync(question, cancellationToken);
            line = benchmark.Scored(row, [.. answers.Select(answer => answer.Score)]);
            line["tokens"] = new JsonArray([.. answers.Select(answer => (JsonNode?)answer.Tokens)]);
            if (answers.Any(answer => answer.IsTruncated))
            {
                line["truncated"] = true;
            }

            if (answers.Any(answer => answer.Score is null))
            {
                line["error"] = "longer than the limit";
            }
        }
        catch (ScoringFailedException e)
        {
            line = benchmark.Scored(row, new float?[question.Answers.Count]);
            line["error"] = e.Message;
        }

        line[Digest] = DigestOf(question);
        return line;
    }

    private static Func<JsonElement, bool> IsScoreOf(string digest) => line => line.GetProperty(Digest).GetString() == digest;

    // All that the judge is shown.
    private static string DigestOf(BenchmarkQuestion question)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var message in question.Prompt.Messages)
        {
            Add(Encoding.UTF8.GetBytes(message.Role));
            foreach (var part in message.Parts)
            {
                Add(part is TextPart text ? Encoding.UTF8.GetBytes(text.Text) : ((ImagePart)part).Content.Span);
            }
        }

        foreach (var answer in question.Answers)
        {
            Add(Encoding.UTF8.GetBytes(answer));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));

        void Add(ReadOnlySpan<byte> content)
        {
            hash.AppendData(BitConverter.GetBytes(content.Length));
            hash.AppendData(content);
        }
    }
}
