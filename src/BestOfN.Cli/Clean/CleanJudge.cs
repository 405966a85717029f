using System.Security.Cryptography;
using System.Text;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Protocols.Rewards;
using TorchSharp;

namespace BestOfN.Cli.Clean;

/// <summary>The reward model that scores a corpus, and what tells it from another.</summary>
internal sealed class CleanJudge : IDisposable
{
    private const int DigestCharacters = 16;

    /// <summary>Most calls of a server at the same time; as many records are in work.</summary>
    public const int Connections = 32;

    private readonly IDisposable[] _owned;

    private CleanJudge(IRewardModel model, IDisposable[] owned, string digest, string description) =>
        (Model, _owned, Digest, Description) = (model, owned, digest, description);

    public IRewardModel Model { get; }

    /// <summary>Null where another server counts them.</summary>
    public long? ComputedTokens => (Model as ScoringEngine)?.ComputedTokens;

    /// <summary>Changes with the model and with what it computes in.</summary>
    public string Digest { get; }

    /// <summary>For the report.</summary>
    public string Description { get; }

    public static async Task<CleanJudge> LoadAsync(
        DirectoryInfo folder, string type, string device, CommandTerminal terminal, CancellationToken cancellationToken)
    {
        var worker = new DeviceWorker(torch.device(device));
        try
        {
            var computed = ComputeTypes.Of(type, worker.Device);
            var scoring = new ScoringOptions();
            var fingerprint = await terminal.WithProgressAsync(
                "reading the model's files, MiB",
                (int)Math.Max(1, ScoringFingerprint.BytesOf(folder.FullName) / Mebibytes.Size),
                progress => Task.Run(
                    () => ScoringFingerprint.Of(folder.FullName, computed, worker.Device, scoring, new Mebibytes(progress),
                        cancellationToken),
                    cancellationToken));
            var engine = ScoringEngine.Load(folder.Name, folder.FullName, computed, worker, scoring);
            return new(
                engine, [engine, worker], DigestOf($"{fingerprint}"),
                $"{folder.Name}, {fingerprint.Type} on {fingerprint.Device}, files {fingerprint.Model}");
        }
        catch
        {
            worker.Dispose();
            throw;
        }
    }

    /// <summary>A reward model on a server, which is owned from now on. Nobody tells when its weights change.</summary>
    public static CleanJudge On(RewardServer server, string description) => new(server, [server], DigestOf(description), description);

    public void Dispose()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
    }

    private static string DigestOf(string description) =>
        System.Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(description)))[..DigestCharacters];
}
