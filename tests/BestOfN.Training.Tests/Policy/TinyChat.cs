using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Inference.Weights;
using BestOfN.Training.Tests.Preference;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy;

/// <summary>The tiny InternLM-XComposer2.5 of the reference data as a chat model: with a language head in place of the score.</summary>
internal static class TinyChat
{
    /// <summary>Writes the model folder.</summary>
    public static string Write(TemporaryFolder folder, string name)
    {
        var (from, to) = (TinyComposer.Folder(name), Path.Combine(folder.Path, $"chat-{name}"));
        Directory.CreateDirectory(to);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!.AsObject();
        config["eos_token_id"] = 2;
        File.WriteAllText(Path.Combine(to, "config.json"), config.ToJsonString(), new UTF8Encoding(false));
        File.WriteAllBytes(Path.Combine(to, "tokenizer.model"), File.ReadAllBytes(Path.Combine(from, "tokenizer.model")));
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(from);
        using var random = new Generator(4, CPU);
        var embedding = checkpoint.Entries.Single(e => e.Name == "model.tok_embeddings.weight");
        using TorchSharp.Scalar small = 0.3;
        var tensors = checkpoint.Entries.Where(e => e.Name is not ("score.weight" or "output.weight"))
            .Select(e => new KeyValuePair<string, Tensor>(e.Name, checkpoint.Map(e.Name)))
            .Append(new("output.weight", randn([.. embedding.Shape], generator: random) * small));
        SafetensorsWriter.Write(Path.Combine(to, "model.safetensors"), tensors, ScalarType.Float32);
        return to;
    }
}
