using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Weights;

/// <summary>
/// Whatever is wrong with a folder: one error that names file, tensor or field, expected and found; nothing stays loaded.
/// </summary>
[Collection(NativeMemory.Name)]
public sealed class BrokenCheckpointTests
{
    private const string LfsPointer = "version https://git-lfs.github.com/spec/v1\noid "
        + "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    private const string Tensor = "model.layers.1.mlp.up_proj.weight";

    public static TheoryData<string, string[]> Cases => new()
    {
        { "no folder", ["does not exist"] },
        { "no config", ["config.json", "does not exist"] },
        { "config is not JSON", ["config.json", "not valid JSON"] },
        { "config is a list", ["config.json", "expected a JSON object", "Array"] },
        { "config nested too deep", ["config.json", "not valid JSON"] },
        { "unknown architecture", ["architectures", "Qwen3ForSequenceClassification", "MambaForSequenceClassification"] },
        { "unknown rope type", ["rope_type", "expected default, linear, dynamic or llama3", "yarn"] },
        { "negative hidden size", ["hidden_size", "expected a whole number", "-32"] },
        { "heads that do not divide", ["num_attention_heads", "multiple of num_key_value_heads"] },
        { "three labels", ["num_labels", "expected 1", "found 3"] },
        { "no weights", ["model.safetensors", "pytorch_model.bin.index.json", "found none of them"] },
        { "missing tensor", [Tensor, "expected shape", "no such tensor"] },
        { "wrong shape", [Tensor, "expected shape [160, 32]", "found [32, 160]"] },
        { "integer tensor", [Tensor, "expected dtype", "Int32"] },
        { "unknown type", [Tensor, "dtype", "F8_E4M3"] },
        { "weights that are a Git LFS pointer", ["model.safetensors: the file is a Git LFS pointer"] },
        { "index that is a Git LFS pointer", ["index.json: the file is a Git LFS pointer"] },
        { "config that is a Git LFS pointer", ["config.json: the file is a Git LFS pointer"] },
        { "archive that is a Git LFS pointer", ["pytorch_model.bin: the file is a Git LFS pointer"] },
        { "no head", ["reward head", "score", "found none"] },
        { "empty file", ["at least 8 bytes", "found 0"] },
        { "truncated data", ["lie outside"] },
        { "surplus data", ["bytes of data", "as the header says"] },
        { "header longer than the file", ["the header claims", "4096000"] },
        { "header of all ones", ["the header claims", "18446744073709551615"] },
        { "header is not JSON", ["not a safetensors header"] },
        { "header is a list", ["not a safetensors header"] },
        { "header nested too deep", ["not a safetensors header"] },
        { "entry is a number", ["not a safetensors header"] },
        { "entry without a shape", ["not a safetensors header"] },
        { "three offsets", [Tensor, "expected two numbers", "found 3"] },
        { "one offset", [Tensor, "expected two numbers", "found 1"] },
        { "offsets beyond the file", [Tensor, "lie outside"] },
        { "offsets swapped", [Tensor, "lie outside"] },
        { "negative offset", [Tensor, "lie outside"] },
        { "offset that is no 64-bit number", ["not a safetensors header"] },
        { "overlapping tensors", ["expected to begin at byte", "where the one before ends"] },
        { "shape that overflows", [Tensor, "impossible"] },
        { "negative size beside a zero", [Tensor, "impossible"] },
        { "shape smaller than its bytes", [Tensor, "needs", "found"] },
        { "tensor declared twice", [Tensor, "declared twice"] },
        { "shard that is missing", ["model-00002-of-00002.safetensors", "does not exist"] },
        { "shard outside the folder", ["shard \"../model.safetensors\"", "same folder"] },
        { "shard by absolute path", ["shard \"/etc/passwd\"", "same folder"] },
        { "shard without a name", ["shard \"\"", "same folder"] },
        { "index that names an absent tensor", ["tensor ghost", "the index puts it here", "no such tensor"] },
        { "index that is not one", ["index.json", "not an index of shards"] },
        { "shard name that is a number", ["index.json", "not an index of shards"] },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_broken_folder_is_one_clear_error_and_leaves_nothing(string what, string[] says)
    {
        using var folder = new CheckpointFolder();
        Break(folder, what);
        var before = TorchSharp.torch.Tensor.TotalCount;
        var error = Assert.Throws<CheckpointException>(() =>
            NetworkLoader.RewardNetwork(what == "no folder" ? folder.File("absent") : folder.Path, ScalarType.BFloat16, CPU).Dispose());
        Assert.All(says, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Contains(folder.Path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(before, TorchSharp.torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_tensor_of_an_unknown_type_that_no_network_asks_for_is_no_error()
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var folder = new CheckpointFolder();
        var bytes = File.ReadAllBytes(folder.Weights);
        var headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var data = bytes[(8 + headerLength)..];
        var header = JsonNode.Parse(Encoding.UTF8.GetString(bytes, 8, headerLength))!.AsObject();
        header["spare"] = new JsonObject
        {
            ["dtype"] = "F8_E4M3",
            ["shape"] = new JsonArray(4),
            ["data_offsets"] = new JsonArray(data.Length, data.Length + 4),
        };
        header["more"] = new JsonObject
        {
            ["dtype"] = "F4",
            ["shape"] = new JsonArray(16),
            ["data_offsets"] = new JsonArray(data.Length + 4, data.Length + 12),
        };
        folder.WriteWeights(header.ToJsonString(), [.. data, .. new byte[12]]);
        using var network = NetworkLoader.RewardNetwork(folder.Path, ScalarType.Float32, CPU);
        using var plain = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        Assert.Equal(Scoring.ReferenceScores.AtLast(plain, [5, 6]), Scoring.ReferenceScores.AtLast(network, [5, 6]));
        Assert.Equal(4, Inspection(folder).Weights!.Types["f8_e4m3"]);
        Assert.Contains(
            "spare: F8_E4M3", Assert.Throws<CheckpointException>(() => CheckpointConversion.Open(folder.Path, null, 1 << 20)).Message,
                StringComparison.Ordinal);
    }

    private static BestOfN.Inference.Folders.ModelInspection Inspection(CheckpointFolder folder) =>
        BestOfN.Inference.Folders.ModelInspector.Inspect(folder.Path);

    [Fact]
    public void A_sharded_folder_scores_like_a_single_file()
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var folder = new CheckpointFolder();
        folder.Shard("model-00001-of-00001.safetensors");
        using var sharded = NetworkLoader.RewardNetwork(folder.Path, ScalarType.Float32, CPU);
        using var single = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        int[] ids = [5, 6, 7, 8];
        Assert.Equal(Scoring.ReferenceScores.AtLast(single, ids), Scoring.ReferenceScores.AtLast(sharded, ids));
    }

    private static void Break(CheckpointFolder folder, string what)
    {
        switch (what)
        {
            case "no folder": break;
            case "no config": File.Delete(folder.File("config.json")); break;
            case "config is not JSON": File.WriteAllText(folder.File("config.json"), "{\"architectures\": ["); break;
            case "config is a list": File.WriteAllText(folder.File("config.json"), "[]"); break;
            case "config nested too deep": File.WriteAllText(folder.File("config.json"), new string('[', 10_000)); break;
            case "unknown architecture":
                folder.ChangeConfiguration(c => c["architectures"] = new JsonArray("MambaForSequenceClassification")); break;
            case "unknown rope type":
                folder.ChangeConfiguration(c => c["rope_scaling"] = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 4 }); break;
            case "negative hidden size": folder.ChangeConfiguration(c => c["hidden_size"] = -32); break;
            case "heads that do not divide": folder.ChangeConfiguration(c => c["num_key_value_heads"] = 3); break;
            case "three labels": folder.ChangeConfiguration(c => { c.Remove("id2label"); c["num_labels"] = 3; }); break;
            case "no weights": File.Delete(folder.Weights); break;
            case "missing tensor": folder.ChangeHeader(h => { h["unused"] = h[Tensor]!.DeepClone(); h.Remove(Tensor); }); break;
            case "wrong shape": folder.ChangeHeader(h => h[Tensor]!["shape"] = new JsonArray(32, 160)); break;
            case "integer tensor": folder.ChangeHeader(h => h[Tensor]!["dtype"] = "I32"); break;
            case "unknown type": folder.ChangeHeader(h => h[Tensor]!["dtype"] = "F8_E4M3"); break;
            case "weights that are a Git LFS pointer": File.WriteAllText(folder.Weights, LfsPointer); break;
            case "index that is a Git LFS pointer":
                File.Delete(folder.Weights); File.WriteAllText(folder.File("model.safetensors.index.json"), LfsPointer); break;
            case "config that is a Git LFS pointer": File.WriteAllText(folder.File("config.json"), LfsPointer); break;
            case "archive that is a Git LFS pointer":
                File.Delete(folder.Weights); File.WriteAllText(folder.File("pytorch_model.bin"), LfsPointer); break;
            case "no head": folder.ChangeHeader(h => { h["other"] = h["score.weight"]!.DeepClone(); h.Remove("score.weight"); }); break;
            case "empty file": File.WriteAllBytes(folder.Weights, []); break;
            case "truncated data": File.WriteAllBytes(folder.Weights, File.ReadAllBytes(folder.Weights)[..^100]); break;
            case "surplus data": File.WriteAllBytes(folder.Weights, [.. File.ReadAllBytes(folder.Weights), 0]); break;
            case "header longer than the file": folder.WriteWeights("{}", [], claimedLength: 4_096_000); break;
            case "header of all ones": folder.WriteWeights("{}", [], claimedLength: ulong.MaxValue); break;
            case "header is not JSON": folder.ChangeHeaderText(_ => "safe"); break;
            case "header is a list": folder.ChangeHeaderText(_ => "[]"); break;
            case "header nested too deep": folder.ChangeHeaderText(_ => new string('[', 100_000)); break;
            case "entry is a number": folder.ChangeHeader(h => h[Tensor] = 5); break;
            case "entry without a shape": folder.ChangeHeader(h => h[Tensor]!.AsObject().Remove("shape")); break;
            case "three offsets": folder.ChangeHeader(h => h[Tensor]!["data_offsets"] = new JsonArray(0, 4, 8)); break;
            case "one offset": folder.ChangeHeader(h => h[Tensor]!["data_offsets"] = new JsonArray(0)); break;
            case "offsets beyond the file": Offsets(folder, (b, e) => (b, e + (1L << 40))); break;
            case "offsets swapped": Offsets(folder, (b, e) => (e, b)); break;
            case "negative offset": Offsets(folder, (b, e) => (b - e, 0)); break;
            case "offset that is no 64-bit number":
                folder.ChangeHeaderText(t => t.Replace("\"data_offsets\":[0,", "\"data_offsets\":[1e30,", StringComparison.Ordinal)); break;
            case "overlapping tensors": Offsets(folder, (b, e) => (0, e - b)); break;
            case "shape that overflows": folder.ChangeHeader(h => h[Tensor]!["shape"] = new JsonArray(1L << 62, 1L << 62, 1L << 62)); break;
            case "negative size beside a zero": folder.ChangeHeader(h => h[Tensor]!["shape"] = new JsonArray(-1, 0)); break;
            case "shape smaller than its bytes": folder.ChangeHeader(h => h[Tensor]!["shape"] = new JsonArray(2, 2)); break;
            case "tensor declared twice": folder.ChangeHeaderText(
                t => t.TrimEnd()[..^1] + $",\"{Tensor}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}}}"); break;
            case "shard that is missing":
                folder.Shard("model-00001-of-00001.safetensors", map => map["score.weight"] = "model-00002-of-00002.safetensors"); break;
            case "shard outside the folder": folder.Shard("../model.safetensors"); break;
            case "shard by absolute path": folder.Shard("/etc/passwd"); break;
            case "shard without a name": folder.Shard(""); break;
            case "index that names an absent tensor":
                folder.Shard("model-00001-of-00001.safetensors", map => map["ghost"] = "model-00001-of-00001.safetensors"); break;
            case "index that is not one":
                File.Delete(folder.Weights); File.WriteAllText(folder.File("model.safetensors.index.json"), "{}"); break;
            case "shard name that is a number": folder.Shard("model-00001-of-00001.safetensors", map => map["score.weight"] = 7); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
    }

    private static void Offsets(CheckpointFolder folder, Func<long, long, (long, long)> change) => folder.ChangeHeader(h =>
    {
        var old = h[Tensor]!["data_offsets"]!.AsArray();
        var (begin, end) = change(old[0]!.GetValue<long>(), old[1]!.GetValue<long>());
        h[Tensor]!["data_offsets"] = new JsonArray(begin, end);
    });
}
