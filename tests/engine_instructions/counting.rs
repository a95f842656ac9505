//! A wasm module made to count its instructions.
//!
//! Where a run of instructions begins that are executed one after another, the length of the run is
//! added to a global, which is exported as `instructions`. Instructions that only name the structure
//! (`block`, `loop`, `else`, `end`) and `nop` are not work and do not count. An instruction that
//! copies or fills memory counts for its length besides, as if it did sixteen bytes at a time.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    Instruction, Module, ValType,
};
use wasmparser::{ExportSectionReader, FunctionBody, GlobalSectionReader, Operator, Parser};

/// The widest instruction moves sixteen bytes.
const BULK_BYTES_LOG2: i64 = 4;

/// The same module with the count. It must import no global.
pub fn counting(module: &[u8]) -> Vec<u8> {
    let mut encoded = Module::new();
    Counting::default()
        .parse_core_module(&mut encoded, Parser::new(0), module)
        .expect("the compiler wrote a sound module");
    encoded.finish()
}

/// The globals that are added.
#[derive(Default)]
struct Counting {
    /// 64 bits: instructions so far.
    count: u32,
    /// 32 bits: the length of the copy that is about to be made.
    length: u32,
}

type Encoded = Result<(), Error>;

impl Reencode for Counting {
    type Error = std::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Encoded {
        utils::parse_global_section(self, globals, section)?;
        let mut added = |val_type, zero: &ConstExpr| {
            let kind = GlobalType {
                val_type,
                mutable: true,
                shared: false,
            };
            globals.global(kind, zero);
            globals.len() - 1
        };
        self.count = added(ValType::I64, &ConstExpr::i64_const(0));
        self.length = added(ValType::I32, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Encoded {
        utils::parse_export_section(self, exports, section)?;
        exports.export("instructions", ExportKind::Global, self.count);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Encoded {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut run = Vec::new();
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let ends = ends_run(&operator);
            run.push(operator);
            if ends {
                self.write(&mut run, &mut function)?;
            }
        }
        // The last operator is the function's `end`.
        self.write(&mut run, &mut function)?;
        code.function(&function);
        Ok(())
    }
}

impl Counting {
    /// Writes a run with its count before it.
    fn write(&mut self, run: &mut Vec<Operator<'_>>, function: &mut Function) -> Encoded {
        let work = run.iter().filter(|operator| is_work(operator)).count();
        if work > 0 {
            let work = i64::try_from(work).expect("functions are small");
            self.add(&[Instruction::I64Const(work)], function);
        }
        for operator in run.drain(..) {
            if let Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } = operator {
                self.add_length(function);
            }
            function.instruction(&self.instruction(operator)?);
        }
        Ok(())
    }

    /// Adds the values that these instructions push.
    fn add(&self, pushing: &[Instruction<'_>], function: &mut Function) {
        function.instruction(&Instruction::GlobalGet(self.count));
        for instruction in pushing {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::I64Add);
        function.instruction(&Instruction::GlobalSet(self.count));
    }

    /// Adds the length on top of the stack, which stays there.
    fn add_length(&self, function: &mut Function) {
        function.instruction(&Instruction::GlobalSet(self.length));
        let pushing = [
            Instruction::GlobalGet(self.length),
            Instruction::I64ExtendI32U,
            Instruction::I64Const(BULK_BYTES_LOG2),
            Instruction::I64ShrU,
        ];
        self.add(&pushing, function);
        function.instruction(&Instruction::GlobalGet(self.length));
    }
}

/// Whether something else than the next instruction may follow, or this one may be jumped behind.
fn ends_run(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
    )
}

fn is_work(operator: &Operator<'_>) -> bool {
    !matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::Else
            | Operator::End
            | Operator::Nop
    )
}
