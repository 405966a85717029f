using System.Globalization;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using static TorchSharp.torch;

namespace BestOfN.Inference.Folders;

/// <summary>Writes the text part of a model folder as one GGUF file, tokenizer and chat template included; one tensor at a time is in
/// memory.</summary>
/// <remarks>
/// Names and orders are those of llama.cpp's own converter, https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py. A
/// reward model's head has no place in such a file; it is written as safetensors beside it.
/// </remarks>
public sealed class GgufConversion : IDisposable
{
    /// <summary>The types by the names that commands take.</summary>
    public static readonly IReadOnlyList<string> Types = ["f32", "f16", "bf16", "q8_0"];

    private readonly ModelConfiguration _configuration;
    private readonly DecoderFamily _family;
    private readonly DecoderConfiguration _sizes;
    private readonly Checkpoint _checkpoint;
    private readonly string _architecture;
    private readonly GgufType _type;
    private readonly List<GgufPart> _parts = [];
    private readonly List<KeyValuePair<string, object>> _fields = [];
    private readonly List<string> _notes = [];

    private GgufConversion(string folder, GgufType type)
    {
        _type = type;
        _configuration = ModelConfiguration.Load(folder);
        _family = DecoderFamilies.Of(_configuration, [.. NetworkLoader.LanguageModels.Union(NetworkLoader.RewardModels)]);
        _sizes = _family.Read(_configuration);
        _architecture = _family == InternLMXComposer2.Family ? "internlm2" : _family.ModelTypes[0];
        _checkpoint = Checkpoint.Open(folder);
    }

    /// <summary>Bytes of tensors that will be written.</summary>
    public long Length => _parts.Sum(p => p.Tensor.Length!.Value);

    /// <summary>The fields that will be written.</summary>
    internal IReadOnlyList<KeyValuePair<string, object>> Fields => _fields;

    /// <summary>Tensors that will be written.</summary>
    public int Tensors => _parts.Count;

    /// <summary>Parts that are not in the file, or not of the type that was asked for; one sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>True where the folder holds a reward model: its head is written beside the file.</summary>
    public bool HasHead { get; private set; }

    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">One of <see cref="Types"/>: what matrices become. Vectors are float32.</param>
    /// <exception cref="CheckpointException">Configuration or weights are not as expected, or llama.cpp does not compute what they
    /// ask for.</exception>
    /// <exception cref="IOException">Tokenizer or chat template are missing; <see cref="InvalidDataException"/> where they are broken, or a
    /// GGUF file cannot say what they do.</exception>
    public static GgufConversion Open(string folder, string type) => Open(folder, type, hasTokenizer: true);

    /// <param name="folder">A model folder.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="hasTokenizer">False: the file knows token ids only.</param>
    internal static GgufConversion Open(string folder, string type, bool hasTokenizer)
    {
        var conversion = new GgufConversion(folder, type switch
        {
            "f32" => GgufType.F32,
            "f16" => GgufType.F16,
            "bf16" => GgufType.BF16,
            "q8_0" => GgufType.Q8_0,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, string.Join(", ", Types)),
        });
        try
        {
            conversion.RefuseUncomputed();
            conversion.DescribeNetwork();
            if (hasTokenizer)
            {
                conversion.DescribeVocabulary();
            }
            else
            {
                conversion.Add("tokenizer.ggml.model", "no_vocab");
                conversion.Field("vocab_size", (uint)conversion._sizes.VocabularySize);
            }

            conversion.ListTensors();
            return conversion;
        }
        catch
        {
            conversion.Dispose();
            throw;
        }
    }

    /// <summary>Writes the file, and a reward model's head beside it.</summary>
    /// <param name="output">A file that does not exist.</param>
    /// <param name="head">Where a reward model's head goes; not read for other models.</param>
    /// <param name="progress">Receives the bytes of tensors written so far.</param>
    /// <param name="cancellationToken">Ends the conversion; nothing stays.</param>
    /// <exception cref="CheckpointException">The file exists, or a number is too large for the type.</exception>
    public void Write(string output, string head, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        foreach (var path in HasHead ? (string[])[output, head] : [output])
        {
            if (Path.Exists(path))
            {
                throw new CheckpointException($"{path}: expected a file that does not exist.");
            }
        }

        long written = 0;
        var parts = _parts.ToDictionary(p => p.Tensor);
        using var guard = no_grad();
        GgufWriter.Write(output, _fields, [.. _parts.Select(p => p.Tensor)], (tensor, file) =>
        {
            using var scope = NewDisposeScope();
            GgufNumbers.Write(parts[tensor].Read().contiguous(), tensor, file, cancellationToken);
            if (tensor == _parts[^1].Tensor && _family != InternLMXComposer2.Family)
            {
                _checkpoint.RefuseUnreadLayers();
            }

            progress?.Report(written += tensor.Length!.Value);
        });
        if (!HasHead)
        {
            return;
        }

        try
        {
            WriteHead(head);
        }
        catch
        {
            File.Delete(output);
            throw;
        }
    }

    public void Dispose() => _checkpoint.Dispose();

    private void RefuseUncomputed()
    {
        if (_family.FusedQueryKeyValue is not null && (_sizes.QueryKeyValueBias || _sizes.AttentionOutputBias))
        {
            throw Uncomputed("bias", "false", "true");
        }

        if (_architecture == "qwen3" && _sizes.QueryKeyValueBias)
        {
            throw Uncomputed("attention_bias", "false", "true");
        }

        if (_sizes.RopeScaling is DynamicRopeScaling)
        {
            throw Uncomputed("rope_scaling", "none, linear or llama3", "dynamic");
        }

        if (_family == InternLMXComposer2.Family)
        {
            _notes.Add("the file reads text only: neither vision encoder nor Partial LoRA have a place in it");
        }
    }

    private CheckpointException Uncomputed(string field, string expected, string found) =>
        new($"{_configuration.FilePath}: {field}: expected {expected}, found {found}; llama.cpp does not compute it for {_architecture}.");

    private void DescribeNetwork()
    {
        Add("general.architecture", _architecture);
        Add("general.type", "model");
        Add("general.name", Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_checkpoint.Folder))));
        Add("general.file_type", _type switch { GgufType.F32 => 0u, GgufType.F16 => 1u, GgufType.Q8_0 => 7u, _ => 32u });
        Add("general.quantization_version", 2u);
        var longest = _family == InternLMXComposer2.Family ? InternLMXComposer2.MaxLength(_configuration, []) : int.MaxValue;
        Field("context_length", (uint)Math.Min(_sizes.MaxPositions, longest));
        Field("embedding_length", (uint)_sizes.HiddenSize);
        Field("block_count", (uint)_sizes.Layers);
        Field("feed_forward_length", (uint)_sizes.IntermediateSize);
        Field("attention.head_count", (uint)_sizes.Heads);
        Field("attention.head_count_kv", (uint)_sizes.KeyValueHeads);
        Field("attention.layer_norm_rms_epsilon", (float)_sizes.NormEpsilon);
        Field("rope.freq_base", (float)_sizes.RopeTheta);
        Field("rope.dimension_count", (uint)_sizes.HeadSize);
        Field("attention.key_length", (uint)_sizes.HeadSize);
        Field("attention.value_length", (uint)_sizes.HeadSize);
        if (_sizes.RopeScaling is LinearRopeScaling { Factor: var factor })
        {
            Field("rope.scaling.type", "linear");
            Field("rope.scaling.factor", (float)factor);
        }
    }

    private void DescribeVocabulary()
    {
        var tokenizer = TokenizerFiles.Load(_checkpoint.Folder);
        var template = ChatTemplate.Load(_checkpoint.Folder, _configuration.Architecture, tokenizer);
        _fields.AddRange(GgufVocabulary.Of(tokenizer, _sizes.VocabularySize, template.SourceText));
        Add("tokenizer.chat_template", template.SourceText);
        var ends = EndTokens.Of(_checkpoint.Folder, _configuration.TokenIds("eos_token_id"), tokenizer, template);
        Add(GgufVocabulary.EndTokens, ends.ToArray());
        if (tokenizer.EosId is null && ends.Count > 0)
        {
            Add("tokenizer.ggml.eos_token_id", (uint)ends[0]);      // else llama.cpp takes the token 11
        }
    }

    private void ListTensors()
    {
        var (C, I, D) = ((long)_sizes.HiddenSize, (long)_sizes.IntermediateSize, (long)_sizes.HeadSize);
        var (H, K, V) = ((long)_sizes.Heads, (long)_sizes.KeyValueHeads, (long)_sizes.VocabularySize);
        AddTensor("token_embd.weight", [V, C], () => Take(_family.Embedding, 0, V, C));
        for (var i = 0; i < _sizes.Layers; i++)
        {
            var layer = i;
            void Linear(string name, string source, long outputs, long inputs, bool hasBias)
            {
                AddTensor($"blk.{layer}.{name}.weight", [outputs, inputs], () => Take(source, layer, outputs, inputs));
                if (hasBias)
                {
                    AddTensor($"blk.{layer}.{name}.bias", [outputs], () => Take(source, layer, "bias", outputs));
                }
            }

            void Vector(string name, string? source, long length)
            {
                if (source is not null)
                {
                    AddTensor($"blk.{layer}.{name}.weight", [length], () => Take(source, layer, "weight", length));
                }
            }

            Vector("attn_norm", _family.AttentionNorm, C);
            AddAttention(layer);
            Vector("attn_q_norm", _family.QueryNorm, D);
            Vector("attn_k_norm", _family.KeyNorm, D);
            Linear("attn_output", _family.AttentionOutput, C, H * D, _sizes.AttentionOutputBias);
            Vector("ffn_norm", _family.FeedForwardNorm, C);
            Linear("ffn_gate", _family.Gate, I, C, _sizes.MlpBias);
            Linear("ffn_up", _family.Up, I, C, _sizes.MlpBias);
            Linear("ffn_down", _family.Down, C, I, _sizes.MlpBias);
        }

        AddTensor("output_norm.weight", [C], () => Take("model.norm", 0, "weight", C));
        var hasLanguageHead = _checkpoint.Contains(_family.LanguageHead + ".weight") && !_sizes.TiedEmbeddings;
        HasHead = RewardHead.IsIn(_checkpoint);
        if (!hasLanguageHead && !HasHead && !_sizes.TiedEmbeddings)
        {
            throw new CheckpointException($"{_checkpoint.Folder}: expected a language head or a reward head, found neither.");
        }

        if (hasLanguageHead || _architecture == "internlm2")
        {
            // Without a language head of its own, internlm2 needs one all the same; its logits mean nothing in a reward model.
            var source = hasLanguageHead ? _family.LanguageHead : _family.Embedding;
            AddTensor("output.weight", [V, C], () => Take(source, 0, V, C));
        }

        if (_sizes.RopeScaling is Llama3RopeScaling scaling)
        {
            AddTensor("rope_freqs.weight", [D / 2], () => tensor(FrequencyDivisors(scaling)));
        }
    }

    private void AddAttention(int layer)
    {
        var (C, D) = ((long)_sizes.HiddenSize, (long)_sizes.HeadSize);
        var (H, K, g) = ((long)_sizes.Heads, (long)_sizes.KeyValueHeads, (long)_sizes.Groups);
        var isPermuted = _architecture is "internlm2" or "llama";
        foreach (var (name, heads, source, first, count) in ((string, long, string?, long, long)[])
            [("attn_q", H, _family.Query, 0, g), ("attn_k", K, _family.Key, g, 1), ("attn_v", K, _family.Value, g + 1, 1)])
        {
            Tensor Ordered(Tensor rows) => isPermuted && name != "attn_v" ? Interleaved(rows, heads) : rows;

            // Fused: for each key/value head its g queries, its key, its value.
            AddTensor($"blk.{layer}.{name}.weight", [heads * D, C], () => Ordered(_family.FusedQueryKeyValue is { } fused
                ? Take(fused, layer, (H + (2 * K)) * D, C).view(K, g + 2, D, C).narrow(1, first, count).reshape(heads * D, C)
                : Take(source!, layer, heads * D, C)));
            if (_sizes.QueryKeyValueBias)
            {
                AddTensor($"blk.{layer}.{name}.bias", [heads * D], () => Ordered(Take(source!, layer, "bias", heads * D)));
            }
        }
    }

    /// <summary>In each head: the pair (j, D/2 + j), which rotates together, becomes (2j, 2j + 1).</summary>
    private Tensor Interleaved(Tensor rows, long heads)
    {
        var rest = rows.shape[1..];
        return rows.reshape([heads, 2, _sizes.HeadSize / 2, .. rest]).transpose(1, 2).reshape(rows.shape);
    }

    private float[] FrequencyDivisors(Llama3RopeScaling scaling)
    {
        var divisors = new float[_sizes.HeadSize / 2];
        for (var j = 0; j < divisors.Length; j++)
        {
            var wavelength = 2 * Math.PI * Math.Pow(_sizes.RopeTheta, 2.0 * j / _sizes.HeadSize);
            var share = ((scaling.OriginalPositions / wavelength) - scaling.LowFrequencyFactor)
                / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
            share = Math.Clamp(share, 0, 1);
            divisors[j] = (float)(1 / (((1 - share) / scaling.Factor) + share));
        }

        return divisors;
    }

    private void WriteHead(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = RewardHead.NamesIn(_checkpoint).ToDictionary(
            name => name, name => _checkpoint.Take(name, [.. _checkpoint.ShapeOf(name)!], ScalarType.Float32, CPU));
        SafetensorsWriter.Write(path, tensors, ScalarType.Float32, NetworkLoader.ReadTokens(_configuration, _family));
    }

    private Tensor Take(string name, int layer, long outputs, long inputs) => Read(name, layer, "weight", outputs, inputs);

    private Tensor Take(string name, int layer, string suffix, long length) => Read(name, layer, suffix, length);

    private Tensor Read(string name, int layer, string suffix, params ReadOnlySpan<long> shape) => _checkpoint.Take(
        $"{name.Replace("{i}", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)}.{suffix}", shape,
        ScalarType.Float32, CPU);

    private void AddTensor(string name, IReadOnlyList<long> shape, Func<Tensor> read)
    {
        var type = shape.Count == 1 ? GgufType.F32 : _type;
        if (type == GgufType.Q8_0 && shape[^1] % GgufNumbers.BlockSize != 0)
        {
            type = GgufType.F16;
            _notes.Add($"{name} is f16: its rows of {shape[^1]} numbers are no blocks of {GgufNumbers.BlockSize}");
        }

        _parts.Add(new GgufPart(new GgufTensor(name, type, shape), read));
    }

    private void Field(string name, object value) => Add($"{_architecture}.{name}", value);

    private void Add(string key, object value) => _fields.Add(new(key, value));
}
