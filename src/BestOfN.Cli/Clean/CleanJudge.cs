using System.Security.Cryptography;
using System.Text;
using BestOfN.Cli.Hosting;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using TorchSharp;

namespace BestOfN.Cli.Clean;

/// <summary>The reward model that scores a corpus, and what tells it from another.</summary>
internal sealed class CleanJudge : IDisposable
{
    private const int DigestCharacters = 16;

    private readonly DeviceWorker _worker;

    private CleanJudge(DeviceWorker worker, ScoringEngine engine, string digest, string description) =>
        (_worker, Engine, Digest, Description) = (worker, engine, digest, description);

    public ScoringEngine Engine { get; }

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
            var digest = System.Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(fingerprint.ToString())));
            return new(
                worker, engine, digest[..DigestCharacters],
                    $"{folder.Name}, {fingerprint.Type} on {fingerprint.Device}, files {fingerprint.Model}");
        }
        catch
        {
            worker.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        _worker.Dispose();
    }
}
