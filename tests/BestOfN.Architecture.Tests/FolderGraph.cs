using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace BestOfN.Architecture.Tests;

/// <summary>Which namespaces of one compiled assembly use which others of it. A namespace is a folder here.</summary>
/// <remarks>A use is a type named in a base type, an interface, a field, a signature, a
/// local variable, an attribute or an instruction.</remarks>
internal sealed class FolderGraph
{
    private static readonly OpCode[] s_codes = [.. typeof(OpCodes).GetFields().Select(f => f.GetValue(null)).OfType<OpCode>()];
    private static readonly Dictionary<int, OpCode> s_short = s_codes.Where(c => c.Size == 1).ToDictionary(c => c.Value & 0xFF);
    private static readonly Dictionary<int, OpCode> s_long = s_codes.Where(c => c.Size == 2).ToDictionary(c => c.Value & 0xFF);

    private readonly MetadataReader _metadata;
    private readonly PEReader _file;
    private readonly UsedTypes _used;
    private readonly Dictionary<(string From, string To), string> _examples = [];

    private FolderGraph(PEReader file)
    {
        (_file, _metadata) = (file, file.GetMetadataReader());
        _used = new(_metadata);
        foreach (var handle in _metadata.TypeDefinitions)
        {
            Read(handle);
        }
    }

    /// <summary>Every arrow with one example of a use, such as "A.X uses B.Y".</summary>
    public IReadOnlyDictionary<(string From, string To), string> Arrows => _examples;

    public static FolderGraph Of(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        return new(file);
    }

    /// <summary>Groups of namespaces that use each other, directly or through others; none where the folders form no cycle.</summary>
    public IReadOnlyList<string[]> Cycles()
    {
        var folders = _examples.Keys.SelectMany(a => new[] { a.From, a.To }).Distinct().ToArray();
        var reached = folders.ToDictionary(f => f, Reach);
        return
        [
            .. folders.Where(f => reached[f].Contains(f))
                .GroupBy(f => string.Join(' ', reached[f].Where(other => reached[other].Contains(f)).Order(StringComparer.Ordinal)))
                .Select(g => g.Order(StringComparer.Ordinal).ToArray()),
        ];
    }

    private HashSet<string> Reach(string folder)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>([folder]);
        while (open.TryPop(out var next))
        {
            foreach (var (_, to) in _examples.Keys.Where(a => a.From == next))
            {
                if (reached.Add(to))
                {
                    open.Push(to);
                }
            }
        }

        return reached;
    }

    private void Read(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        Use(handle, type.BaseType);
        foreach (var implemented in type.GetInterfaceImplementations())
        {
            Use(handle, _metadata.GetInterfaceImplementation(implemented).Interface);
        }

        foreach (var attribute in type.GetCustomAttributes())
        {
            Use(handle, _metadata.GetCustomAttribute(attribute).Constructor);
        }

        foreach (var field in type.GetFields())
        {
            Use(handle, () => _metadata.GetFieldDefinition(field).DecodeSignature(_used, null));
        }

        foreach (var method in type.GetMethods().Select(_metadata.GetMethodDefinition))
        {
            Use(handle, () => method.DecodeSignature(_used, null));
            if (method.RelativeVirtualAddress != 0)
            {
                ReadBody(handle, _file.GetMethodBody(method.RelativeVirtualAddress));
            }
        }
    }

    private void ReadBody(TypeDefinitionHandle user, MethodBodyBlock body)
    {
        if (!body.LocalSignature.IsNil)
        {
            Use(user, () => _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_used, null));
        }

        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var instruction = first == 0xFE ? s_long[code.ReadByte()] : s_short[first];
            switch (instruction.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    Use(user, MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset++;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    private void Use(TypeDefinitionHandle user, EntityHandle used)
    {
        switch (used.IsNil ? HandleKind.NamespaceDefinition : used.Kind)     // an interface has no base type
        {
            case HandleKind.TypeDefinition:
                Add(user, (TypeDefinitionHandle)used);
                break;
            case HandleKind.TypeSpecification:
                Use(user, () => _metadata.GetTypeSpecification((TypeSpecificationHandle)used).DecodeSignature(_used, null));
                break;
            case HandleKind.MethodDefinition:
                Add(user, _metadata.GetMethodDefinition((MethodDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                Add(user, _metadata.GetFieldDefinition((FieldDefinitionHandle)used).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Use(user, _metadata.GetMemberReference((MemberReferenceHandle)used).Parent);
                break;
            case HandleKind.MethodSpecification:
                var method = _metadata.GetMethodSpecification((MethodSpecificationHandle)used);
                Use(user, () => method.DecodeSignature(_used, null));
                Use(user, method.Method);
                break;
        }
    }

    private void Use<T>(TypeDefinitionHandle user, Func<T> decode)
    {
        _used.Found.Clear();
        decode();
        foreach (var found in _used.Found)
        {
            Add(user, found);
        }
    }

    private void Add(TypeDefinitionHandle user, TypeDefinitionHandle used)
    {
        var (from, to) = (Outermost(user), Outermost(used));
        var (fromFolder, toFolder) = (_metadata.GetString(from.Namespace), _metadata.GetString(to.Namespace));
        if (fromFolder != toFolder && IsOurs(fromFolder) && IsOurs(toFolder))
        {
            _examples.TryAdd(
                (fromFolder, toFolder), $"{fromFolder}.{_metadata.GetString(from.Name)} uses {toFolder}.{_metadata.GetString(to.Name)}");
        }
    }

    // Compilers put types of their own into namespaces of the platform.
    private static bool IsOurs(string folder) => folder.StartsWith("BestOfN", StringComparison.Ordinal);

    private TypeDefinition Outermost(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Outermost(outer) : type;
    }

    /// <summary>Collects the assembly's own types that a signature names.</summary>
    private sealed class UsedTypes(MetadataReader metadata) : ISignatureTypeProvider<int, object?>
    {
        public HashSet<TypeDefinitionHandle> Found { get; } = [];

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Found.Add(handle) ? 1 : 0;

        public int GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            metadata.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => 0;

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, System.Collections.Immutable.ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;
    }
}
