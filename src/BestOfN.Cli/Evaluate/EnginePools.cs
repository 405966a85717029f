using BestOfN.Data.Evaluation;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using TorchSharp;

namespace BestOfN.Cli.Evaluate;

/// <summary>Draws pools with the engines of the gateway, so that the measurement is of the product itself.</summary>
internal sealed class EnginePools : ICandidatePoolSource
{
    private const int Sequences = 1024;

    private readonly string _generator;
    private readonly string _reward;

    private EnginePools(DirectoryInfo generator, DirectoryInfo reward) => (_generator, _reward) = (generator.FullName, reward.FullName);

    public static ICandidatePoolSource Open(DirectoryInfo generator, DirectoryInfo reward) => new EnginePools(generator, reward);

    public async Task<IReadOnlyList<CandidatePool>> DrawAsync(
        PoolSampling sampling, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        using var worker = new DeviceWorker(torch.CPU);
        var type = ComputeTypes.Of("auto", worker.Device);
        using var generator = GenerationEngine.Load(
            _generator, type, worker,
            new GenerationOptions
            {
                MaxSequences = Math.Max(Sequences, sampling.Samples),
                TokensPerPrefill = 8192,
                QueueLength = Sequences,
            });
        using var reward = ScoringEngine.Load("reward", _reward, type, worker, new ScoringOptions { QueueLength = 2 * Sequences });
        var wide = sampling with { Concurrency = Math.Max(1, Sequences / sampling.Samples) };
        return await new PoolSampler(PocketWorlds.Of(sampling.World), generator, reward).DrawAsync(wide, progress, cancellationToken);
    }
}
