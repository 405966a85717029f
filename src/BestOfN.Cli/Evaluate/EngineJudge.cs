using System.Text.Json.Nodes;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Rewards;
using BestOfN.Data.Benchmarks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using TorchSharp;

namespace BestOfN.Cli.Evaluate;

/// <summary>The scoring engine as a judge of benchmarks. Needs libtorch; the commands need it for nothing else.</summary>
internal sealed class EngineJudge : IBenchmarkJudge, IDisposable
{
    private readonly DeviceWorker _worker;
    private readonly ScoringEngine _engine;
    private readonly JudgeOptions _options;

    private EngineJudge(DeviceWorker worker, ScoringEngine engine, JudgeOptions options, JsonObject description) =>
        (_worker, _engine, _options, Description) = (worker, engine, options, description);

    /// <summary>The settings that decide a score besides the row itself.</summary>
    public JsonObject Description { get; }

    public IReadOnlyList<string> Assumptions => _engine.Assumptions;

    public static async Task<EngineJudge> LoadAsync(
        DirectoryInfo folder, JudgeOptions options, CommandTerminal terminal, CancellationToken cancellationToken)
    {
        var worker = new DeviceWorker(torch.device(options.Device));
        try
        {
            var type = ComputeTypes.Of(options.Type, worker.Device);
            var scoring = new ScoringOptions { HdNum = options.HdNum };
            var fingerprint = await terminal.WithProgressAsync(
                "reading the model's files, MiB",
                (int)Math.Max(1, ScoringFingerprint.BytesOf(folder.FullName) / Mebibytes.Size),
                progress => Task.Run(
                    () => ScoringFingerprint.Of(folder.FullName, type, worker.Device, scoring, new Mebibytes(progress), cancellationToken),
                        cancellationToken));
            var engine = ScoringEngine.Load(folder.Name, folder.FullName, type, worker, scoring);
            return new(worker, engine, options, new JsonObject
            {
                ["name"] = folder.Name,
                ["files_sha256"] = fingerprint.Model,
                ["dtype"] = fingerprint.Type,
                ["device"] = fingerprint.Device,
                ["hd_num"] = options.HdNum,
                ["max_length"] = Math.Min(options.MaxLength ?? int.MaxValue, engine.MaxLength),
                ["truncate"] = options.Truncate,
                ["program"] = fingerprint.Program,
            });
        }
        catch
        {
            worker.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<JudgedAnswer>> ScoreAsync(BenchmarkQuestion question, CancellationToken cancellationToken)
    {
        await using var session = _engine.Begin(question.Prompt);
        var rewards = await session.ScoreAsync(
            [.. question.Answers.Select((text, i) => new Answer(i, text))], _options.MaxLength,
                Enum.Parse<Truncation>(_options.Truncate, ignoreCase: true), cancellationToken);
        return [.. rewards.Select(r => new JudgedAnswer((float?)r.Score, r.Tokens, r.IsTruncated))];
    }

    public void Dispose()
    {
        _engine.Dispose();
        _worker.Dispose();
    }
}
