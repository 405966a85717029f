using System.Text.Json.Nodes;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Tests.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Folders;

[Collection(NativeMemory.Name)]
public sealed class ModelInspectorTests
{
    [Fact]
    public void The_published_layout_is_described_and_keeps_no_tensor()
    {
        var before = Tensor.TotalCount;
        var inspection = ModelInspector.Inspect(GoldenFiles.Folder("ixc25-reward/torch-bin-bf16"));

        Assert.Equal("InternLMXComposer2ForCausalLM", inspection.Architecture);
        Assert.Equal("reward", inspection.Kind);
        Assert.Equal(3, inspection.Decoder!.Layers);
        Assert.Null(inspection.Vision);
        Assert.Equal(("torch.save archive", 3, 125_184L), (inspection.Weights!.Format, inspection.Weights.Files, inspection.Weights.Bytes));
        Assert.Equal(62_592, Assert.Single(inspection.Weights.Types, t => t.Key == "bfloat16").Value);

        // embedding 520·32; a layer: attention 32·(64 + 32), MLP 3·32·56, norms 2·32, and Partial LoRA of rank 8; norm; head.
        const long Layer = (32 * 96) + (3 * 32 * 56) + 64 + (8 * ((32 + 64) + (32 + 32) + (3 * (32 + 56))));
        Assert.Equal((520 * 32) + (3 * Layer) + 32 + 32, inspection.Parameters);
        Assert.Equal(2 * inspection.Parameters, inspection.Memory!.WeightsBFloat16);
        Assert.Equal(2L * 3 * 2 * 8 * 1000 * 4, inspection.Memory.KeysAndValuesFloat32);   // keys and values, layers, heads, head size
        Assert.Equal(3, inspection.Ignored["model.layers.{i}.attention.wqkv.lora_sft_A.weight"]);
        Assert.All(inspection.Ignored.Keys, name => Assert.Contains("lora_", name, StringComparison.Ordinal));
        Assert.StartsWith("SentencePiece", inspection.Tokenizer, StringComparison.Ordinal);
        Assert.Empty(inspection.Problems);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory]
    [InlineData("qwen3-seqcls/plain", "reward")]
    [InlineData("qwen2-prm/steps", "step reward")]
    public void Every_family_reports_its_kind_and_all_problems(string golden, string kind)
    {
        var inspection = ModelInspector.Inspect(GoldenFiles.Folder(golden));
        Assert.Equal(kind, inspection.Kind);
        Assert.Equal("safetensors", inspection.Weights!.Format);
        Assert.True(inspection.Parameters > 0);
        Assert.Contains("tokenizer", Assert.Single(inspection.Problems), StringComparison.Ordinal);   // these fixtures begin at token ids
    }

    [Fact]
    public void All_tensors_that_are_missing_or_of_another_shape_are_told_together()
    {
        using var folder = new CheckpointFolder();
        folder.ChangeHeader(h =>
        {
            h["spare"] = h["model.layers.1.mlp.up_proj.weight"]!.DeepClone();
            h.Remove("model.layers.1.mlp.up_proj.weight");
            h["model.layers.0.mlp.down_proj.weight"]!["shape"] = new JsonArray(160, 32);
        });
        var inspection = ModelInspector.Inspect(folder.Path);
        Assert.Contains(inspection.Problems, p => p.Contains("layers.1.mlp.up_proj.weight", StringComparison.Ordinal)
            && p.Contains("no such tensor", StringComparison.Ordinal));
        Assert.Contains(inspection.Problems, p => p.Contains("layers.0.mlp.down_proj.weight", StringComparison.Ordinal)
            && p.Contains("found [160, 32]", StringComparison.Ordinal));
        Assert.True(inspection.Ignored.ContainsKey("spare"));
    }

    [Fact]
    public void An_empty_folder_is_described_too()
    {
        var folder = Directory.CreateTempSubdirectory("bestofn-nothing-").FullName;
        try
        {
            var inspection = ModelInspector.Inspect(folder);
            Assert.Equal(3, inspection.Problems.Count);   // configuration, weights, tokenizer
            Assert.Null(inspection.Weights);
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("added_tokens.json")]
    [InlineData("chat_template.jinja")]
    public async Task A_pipe_or_a_device_in_place_of_a_file_is_a_problem_and_not_waited_for(string name)
    {
        foreach (var isPipe in (bool[])[true, false])
        {
            using var folder = new CheckpointFolder();
            File.Copy(Path.Combine(GoldenFiles.Folder("ixc25-reward/torch-bin-bf16"), "tokenizer.model"), folder.File("tokenizer.model"));
            if (name == "tokenizer.json")
            {
                File.Delete(folder.File("tokenizer.model"));
            }

            File.Delete(folder.File(name));
            if (isPipe)
            {
                SpecialFiles.Pipe(folder.File(name));
            }
            else
            {
                File.CreateSymbolicLink(folder.File(name), "/dev/zero");
            }

            var inspection = await Task.Run(() => ModelInspector.Inspect(folder.Path), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            Assert.Contains(inspection.Problems,
                p => p.Contains(name, StringComparison.Ordinal) && p.Contains("not a regular file", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("chat_template.jinja")]
    public void A_file_far_larger_than_any_of_its_kind_is_a_problem_and_not_read(string name)
    {
        using var folder = new CheckpointFolder();
        File.Copy(Path.Combine(GoldenFiles.Folder("ixc25-reward/torch-bin-bf16"), "tokenizer.model"), folder.File("tokenizer.model"));
        using (var file = new FileStream(folder.File(name), FileMode.OpenOrCreate))
        {
            file.SetLength(1L << 33);
        }

        Assert.Contains(ModelInspector.Inspect(folder.Path).Problems,
            p => p.Contains(name, StringComparison.Ordinal) && p.Contains("bytes that are allowed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1024, 99_999_998)]
    [InlineData(1024, 2_097_152)]
    [InlineData(32, 3_000_000)]
    public void Sizes_that_no_network_has_are_a_problem_in_one_line(int heads, int headSize)
    {
        using var folder = new CheckpointFolder();
        folder.ChangeConfiguration(c => (c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]) = (heads, heads, headSize));
        var problems = ModelInspector.Inspect(folder.Path).Problems;
        Assert.NotEmpty(problems);
        Assert.All(problems, p => Assert.DoesNotContain(" at ::", p, StringComparison.Ordinal));
        Assert.All(problems, p => Assert.DoesNotContain("Exception raised from", p, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{\"architectures\": [\"Qwen3\u00ff\"]}", true)]
    [InlineData("{\"architectures\": [\"Qwen3ForSequenceClassification\"], \"rope_scaling\": {\"\u00ff\": 1}}", true)]
    [InlineData("{\"architectures\": [\"\\ud800\"]}", false)]
    public void A_configuration_that_is_not_unicode_is_a_problem(string json, bool hasBrokenBytes)
    {
        using var folder = new CheckpointFolder();
        File.WriteAllBytes(folder.File("config.json"),
            hasBrokenBytes ? System.Text.Encoding.Latin1.GetBytes(json) : System.Text.Encoding.UTF8.GetBytes(json));
        Assert.Contains(ModelInspector.Inspect(folder.Path).Problems,
            p => p.Contains("config.json: ", StringComparison.Ordinal) && p.Contains("Unicode", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\\u0000b.safetensors")]
    [InlineData("../x.safetensors")]
    [InlineData("..")]
    [InlineData("\\ud800.safetensors")]
    public void A_shard_that_is_no_file_of_the_folder_is_a_problem(string shard)
    {
        using var folder = new CheckpointFolder();
        File.Delete(folder.Weights);
        File.WriteAllText(folder.File("model.safetensors.index.json"), $$$"""{"weight_map": {"a": "{{{shard}}}"}}""");
        Assert.Contains(ModelInspector.Inspect(folder.Path).Problems,
            p => !p.Contains('\0') && (p.Contains("shard", StringComparison.Ordinal) || p.Contains("mapped", StringComparison.Ordinal)));
    }
}
