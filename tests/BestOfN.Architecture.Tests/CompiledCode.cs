using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace BestOfN.Architecture.Tests;

/// <summary>What the methods of a compiled assembly call, in order.</summary>
internal static class CompiledCode
{
    private static readonly OpCode[] s_codes = [.. typeof(OpCodes).GetFields().Select(f => f.GetValue(null)).OfType<OpCode>()];
    private static readonly Dictionary<int, OpCode> s_short = s_codes.Where(c => c.Size == 1).ToDictionary(c => c.Value & 0xFF);
    private static readonly Dictionary<int, OpCode> s_long = s_codes.Where(c => c.Size == 2).ToDictionary(c => c.Value & 0xFF);

    /// <summary>Every method that has a body.</summary>
    public static IReadOnlyList<CompiledMethod> Methods(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return
        [
            .. metadata.MethodDefinitions.Where(h => metadata.GetMethodDefinition(h).RelativeVirtualAddress != 0)
                .Select(h => new CompiledMethod(
                    Name(metadata, h),
                        Calls(metadata, file.GetMethodBody(metadata.GetMethodDefinition(h).RelativeVirtualAddress).GetILReader()))),
        ];
    }

    private static List<CompiledCall> Calls(MetadataReader metadata, BlobReader body)
    {
        var calls = new List<CompiledCall>();
        string? called = null;
        while (body.RemainingBytes > 0)
        {
            var first = body.ReadByte();
            var code = first == 0xFE ? s_long[body.ReadByte()] : s_short[first];
            if (called is not null)
            {
                calls.Add(new(called, IsKept: code.Name!.StartsWith("st", StringComparison.Ordinal) || code == OpCodes.Ret));
                called = null;
            }

            if (code.OperandType == OperandType.InlineMethod)
            {
                called = Name(metadata, MetadataTokens.EntityHandle(body.ReadInt32()));
                continue;
            }

            var operand = code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 * body.ReadInt32(),
                _ => 4,
            };
            body.Offset += operand;
        }

        return calls;
    }

    // The type's simple name, the method's, and its parameters': enough to tell operators and overloads apart.
    private static string Name(MetadataReader metadata, EntityHandle method)
    {
        switch (method.Kind)
        {
            case HandleKind.MethodDefinition:
                var definition = metadata.GetMethodDefinition((MethodDefinitionHandle)method);
                return Name(metadata, definition.GetDeclaringType(), definition.Name, definition.DecodeSignature(TypeNames.Instance, null));
            case HandleKind.MemberReference:
                var reference = metadata.GetMemberReference((MemberReferenceHandle)method);
                return Name(metadata, reference.Parent, reference.Name, reference.DecodeMethodSignature(TypeNames.Instance, null));
            default:
                return Name(metadata, metadata.GetMethodSpecification((MethodSpecificationHandle)method).Method);
        }
    }

    private static string Name(MetadataReader metadata, EntityHandle type, StringHandle name, MethodSignature<string> signature) =>
        $"{TypeName(metadata, type)}.{metadata.GetString(name)}({string.Join(", ", signature.ParameterTypes)})";

    private static string TypeName(MetadataReader metadata, EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeDefinition => metadata.GetString(metadata.GetTypeDefinition((TypeDefinitionHandle)type).Name),
        HandleKind.TypeReference => metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name),
        _ => "",
    };

    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public static readonly TypeNames Instance = new();

        public string GetArrayType(string elementType, ArrayShape shape) => elementType + "[,]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
            $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => "!!" + index;

        public string GetGenericTypeParameter(object? genericContext, int index) => "!" + index;

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPinnedType(string elementType) => elementType;

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            TypeName(reader, handle);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => TypeName(reader, handle);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext,
            TypeSpecificationHandle handle, byte rawTypeKind) => "";
    }
}
