using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;

namespace BestOfN.Gateway.Tests;

/// <summary>
/// A small random model of the InternLM-XComposer2.5 architecture. As a generator its head is its embedding; that folder is deleted at the
/// end.
/// </summary>
internal sealed class SeeingModel : IDisposable
{
    private readonly DirectoryInfo _generator = Directory.CreateTempSubdirectory("bestofn-eye-");

    public SeeingModel()
    {
        foreach (var file in (string[])["model.safetensors", "tokenizer.model"])
        {
            File.Copy(Path.Combine(RewardFolder, file), Path.Combine(GeneratorFolder, file));
        }

        var configuration = JsonNode.Parse(File.ReadAllText(Path.Combine(RewardFolder, "config.json")))!;
        configuration["tie_word_embeddings"] = true;
        File.WriteAllText(Path.Combine(GeneratorFolder, "config.json"), configuration.ToJsonString());
    }

    /// <summary>It as a reward model.</summary>
    public static string RewardFolder { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "image-2x3");

    /// <summary>A picture of two by three tiles.</summary>
    public static ImagePart Picture { get; } = new(File.ReadAllBytes(Path.Combine(RewardFolder, "image_0.png")));

    /// <summary>It as a generator.</summary>
    public string GeneratorFolder => _generator.FullName;

    public void Dispose() => _generator.Delete(recursive: true);
}
